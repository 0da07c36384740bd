// Rooms with a state of a given size, to be moved: `/rooms/state/<bytes>-<name>`. Each message is counted in the state and comes back to its
// sender, so that a move has something to bring along that has changed since it began.
class State {
  #bytes;
  #made;

  constructor(room) {
    this.#bytes = Number(room.id.split("-", 1)[0]);
    if (!Number.isInteger(this.#bytes) || this.#bytes < 8) throw new Error("a room is called <bytes>-<name>");
  }

  /** Made when it is needed first: a room that has moved here brings its own. */
  get #state() {
    if (this.#made === undefined) {
      this.#made = Buffer.alloc(this.#bytes, "s");
      this.#made.writeDoubleLE(0, 0);
    }
    return this.#made;
  }

  onMessage(session, message) {
    const count = this.#state.readDoubleLE(0) + 1;
    this.#state.writeDoubleLE(count, 0);
    const spot = 8 + ((count * 997) % Math.max(1, this.#state.length - 8));
    if (spot < this.#state.length) this.#state[spot] = count & 0xff;
    session.send(message.isText ? message.text() : message.bytes);
  }

  snapshot() {
    return Buffer.from(this.#state);
  }

  restore(snapshot) {
    this.#made = Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  }
}

export const apps = { state: { durability: "memory", create: (room) => new State(room) } };
