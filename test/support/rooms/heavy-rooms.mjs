import { readFileSync, renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";

const stateBytes = 4 * 1024 * 1024;
const restoreMs = 100;

/**
 * Kills a process at one place of a move, once: `TRAP_FOLDER/trap.json` says `{ room, at, pid }`. `at`: `snapshot-1` when the source
 * takes the copy ahead of the freeze, `snapshot-2` when it takes the rest, `restore` when the target restores, `restored` right
 * after that, when it is about to take the room over.
 */
function spring(room, at) {
  const file = join(process.env.TRAP_FOLDER, "trap.json");
  let trap;
  try {
    trap = JSON.parse(readFileSync(file, "utf8"));
    if (trap.room !== room || trap.at !== at) return;
    // Whoever renames it has it for itself.
    renameSync(file, `${file}.sprung`);
    unlinkSync(`${file}.sprung`);
  } catch {
    return;
  }
  process.kill(trap.pid, "SIGKILL");
}

function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** A witness with a large state that takes its time to be restored. Says in front of each message: u32 pid, u32 epoch, f64 place. */
class Heavy {
  #room;
  #snapshots = 0;
  #state = Buffer.alloc(stateBytes, 1);

  constructor(room) {
    this.#room = room;
    this.#state.writeDoubleLE(0, 0);
  }

  onMessage(_session, message) {
    const place = this.#state.readDoubleLE(0) + 1;
    this.#state.writeDoubleLE(place, 0);
    const head = Buffer.alloc(16);
    head.writeUInt32LE(process.pid, 0);
    head.writeUInt32LE(this.#room.epoch, 4);
    head.writeDoubleLE(place, 8);
    this.#room.broadcast(Buffer.concat([head, message.bytes]));
  }

  snapshot() {
    this.#snapshots += 1;
    spring(this.#room.key, `snapshot-${this.#snapshots}`);
    return Buffer.from(this.#state);
  }

  restore(snapshot) {
    block(restoreMs / 2);
    spring(this.#room.key, "restore");
    this.#state = Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
    block(restoreMs / 2);
    const { key } = this.#room;
    setImmediate(() => spring(key, "restored"));
  }
}

export const apps = {
  heavy: { durability: "memory", create: (room) => new Heavy(room), snapshotEveryMs: 0, idleMs: 600_000 },
};
