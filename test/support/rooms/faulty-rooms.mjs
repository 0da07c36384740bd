const tooMuch = new Uint8Array(18 * 1024 * 1024);
const someJournal = new Uint8Array(300 * 1024);
const stateBytesMax = 1_024;

/** What a room can do wrong, by name. Most of it is done to the first of its sessions. */
const faults = {
  send: (room) => firstOf(room)?.send(tooMuch),
  broadcast: (room) => room.broadcast(tooMuch),
  append: (room) => room.append(tooMuch),
  attachment: (room) => attach(room, new Uint8Array(17 * 1024)),
  "odd-attachment": (room) => attach(room, { call: () => {} }),
  throw: () => {
    throw new Error("it has failed on purpose");
  },
  null: () => {
    throw null;
  },
  bare: () => {
    throw Object.create(null);
  },
  getter: () => {
    throw Object.defineProperty(new Error("hidden"), "message", {
      get: () => {
        throw new Error("hidden as well");
      },
    });
  },
  huge: () => {
    throw new Error("x".repeat(18 * 1024 * 1024));
  },
  reject: () => Promise.reject(new Error("too late")),
  text: () => "no bytes",
  big: () => new Uint8Array(4 * stateBytesMax),
};

const firstOf = (room) => [...room.sessions.values()][0];

function attach(room, value) {
  const session = firstOf(room);
  if (session) session.attachment = value;
}

/**
 * Goes wrong where and how its id says: `onTimer.broadcast.7` broadcasts too much in its timer. `every.throw.1` throws in every turn;
 * `recovery.throw.1` applies what it appends, and cannot apply it when it is recovered. A client that says `go` makes it happen, where joining
 * does not; anything else is sent back.
 */
class Faulty {
  #room;
  #where;
  #fault;
  #isInTurn = false;

  constructor(room) {
    const [where, how] = room.id.split(".");
    this.#room = room;
    this.#where = where;
    this.#fault = faults[how] ?? (() => undefined);
  }

  onJoin() {
    return this.#at("onJoin");
  }

  onMessage(session, message) {
    const text = message.text();
    if (text !== "go") {
      session.send(text);
      return undefined;
    }
    this.#isInTurn = true;
    try {
      if (this.#where === "onTimer") this.#room.setTimer("x", 1);
      if (this.#where === "onWork") this.#room.work("x", async () => 1);
      if (this.#where === "task") this.#room.work("x", async () => this.#fault(this.#room));
      if (this.#where === "apply" || this.#where === "recovery") this.#room.append("x");
      // So much that a journaled room is snapshotted.
      if (this.#where === "snapshot" && this.apply) this.#room.append(someJournal);
      return this.#at("onMessage");
    } finally {
      this.#isInTurn = false;
    }
  }

  onTick() {
    return this.#at("onTick");
  }

  onTimer() {
    return this.#at("onTimer");
  }

  onWork(_name, outcome) {
    if (this.#where === "task") this.#room.broadcast(`work ${outcome.kind}`);
    return this.#at("onWork");
  }

  onTell() {
    return this.#at("onTell");
  }

  onLeave() {
    return this.#at("onLeave");
  }

  snapshot() {
    // Too much to be stored: its journal stays as it is.
    if (this.#where === "recovery") return faults.big();
    return this.#at("snapshot") ?? new Uint8Array(8);
  }

  restore() {
    return this.#at("restore");
  }

  #at(here) {
    return here === this.#where || this.#where === "every" ? this.#fault(this.#room) : undefined;
  }

  /** Only where there is a journal. */
  journaled() {
    this.apply = () => {
      if (this.#where === "recovery" && !this.#isInTurn) return this.#fault(this.#room);
      return this.#at("apply");
    };
    return this;
  }
}

/** Tells the room that a client names. */
class Teller {
  #room;

  constructor(room) {
    this.#room = room;
  }

  onMessage(session, message) {
    session.send(String(this.#room.tell(message.text(), "go")));
  }

  apply() {}
}

const bounds = { tickHz: 20, idleMs: 300, stateBytesMax };
const journaled = (room) => new Faulty(room).journaled();

export const apps = {
  "faulty-memory": { ...bounds, durability: "memory", snapshotEveryMs: 200, create: (room) => new Faulty(room) },
  "faulty-commit": { ...bounds, durability: "commit", create: journaled },
  "faulty-interval": { ...bounds, durability: { intervalMs: 50 }, create: journaled },
  teller: { durability: "commit", create: (room) => new Teller(room) },
};
