const idleWorkMs = 60_000;

/**
 * Carries everything a room can have: state, attachments, timers, work.
 *
 * | a client says | it does | it answers |
 * |---|---|---|
 * | `add N` | adds to the room's total | `total T` |
 * | `note X` | keeps X as the session's attachment | `noted X` |
 * | `tell` | | `note X` |
 * | `who` | | `members N` |
 * | `timer MS` | sets a timer | `timer set`; then to all `timer fired at <server's pid>` |
 * | `work` | begins work that lasts long | `work begun at <pid>`; after a move to all `work interrupted at <pid>` |
 * | `quick` | begins work that is soon done | `work begun at <pid>`; then to all `work done V` |
 *
 * It logs each snapshot that is taken of it. Who joins is told `joined <pid> total T`; whose session leaves is told to the others as `left <kind>`.
 */
class Carrier {
  #room;
  #total = 0;

  constructor(room) {
    this.#room = room;
  }

  onJoin(session) {
    session.send(`joined ${process.pid} total ${this.#total}`);
  }

  onMessage(session, message) {
    const [verb, argument] = message.text().split(" ");
    switch (verb) {
      case "add":
        this.#total += Number(argument);
        session.send(`total ${this.#total}`);
        break;
      case "note":
        session.attachment = { note: argument, nested: { list: [1, "two", new Uint8Array([3])] } };
        session.send(`noted ${argument}`);
        break;
      case "tell":
        session.send(`note ${JSON.stringify(session.attachment ?? null)}`);
        break;
      case "who":
        session.send(`members ${this.#room.sessions.size}`);
        break;
      case "timer":
        this.#room.setTimer("once", Number(argument));
        session.send("timer set");
        break;
      case "work":
        this.#room.work("long", (signal) => longWork(signal));
        session.send(`work begun at ${process.pid}`);
        break;
      case "quick":
        this.#room.work("quick", async () => 6 * 7);
        session.send(`work begun at ${process.pid}`);
        break;
    }
  }

  onLeave(_session, reason) {
    this.#room.broadcast(`left ${reason.kind}`);
  }

  onTimer(name) {
    this.#room.broadcast(`timer ${name} fired at ${process.pid}`);
  }

  onWork(name, outcome) {
    const told = outcome.kind === "done" ? `done ${outcome.value}` : `${outcome.kind} at ${process.pid}`;
    this.#room.broadcast(`work ${name} ${told}`);
  }

  snapshot() {
    console.log(`snapshot of ${this.#room.key} at ${this.#total}`);
    return Buffer.from(String(this.#total));
  }

  restore(snapshot) {
    this.#total = Number(Buffer.from(snapshot).toString());
  }
}

function longWork(signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, idleWorkMs, "late");
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Error("aborted"));
    });
  });
}

export const apps = {
  carrier: { durability: "memory", create: (room) => new Carrier(room), snapshotEveryMs: 300 },
};
