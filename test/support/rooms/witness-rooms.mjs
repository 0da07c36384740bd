/** A fan room that says in front of each message who runs it and the how-manieth it is: u32 pid, u32 epoch, f64 place. */
class Witness {
  #room;
  #place = 0;

  constructor(room) {
    this.#room = room;
  }

  onMessage(_session, message) {
    this.#place += 1;
    const bytes = Buffer.alloc(16 + message.bytes.length);
    bytes.writeUInt32LE(process.pid, 0);
    bytes.writeUInt32LE(this.#room.epoch, 4);
    bytes.writeDoubleLE(this.#place, 8);
    bytes.set(message.bytes, 16);
    this.#room.broadcast(bytes);
  }

  snapshot() {
    return Buffer.from(String(this.#place));
  }

  restore(snapshot) {
    this.#place = Number(Buffer.from(snapshot).toString());
  }
}

export const apps = { witness: { durability: "memory", create: (room) => new Witness(room) } };
