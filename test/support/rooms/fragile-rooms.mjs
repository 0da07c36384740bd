/** Echoes; throws when it is told to, where it is told to: `throw` in its message, `throw-leave` when a session leaves, `throw-timer`. */
class Fragile {
  #room;
  #throwsOnLeave = false;

  constructor(room) {
    this.#room = room;
  }

  onMessage(session, message) {
    const text = message.text();
    if (text === "throw") throw new Error("this room has failed on purpose");
    if (text === "throw-leave") this.#throwsOnLeave = true;
    if (text === "throw-timer") this.#room.setTimer("fail", 1);
    session.send(text);
  }

  onLeave() {
    if (this.#throwsOnLeave) throw new Error("this room has failed on leave");
  }

  onTimer() {
    throw new Error("this room has failed in its timer");
  }
}

/** Fails at what a client has asked with, with an error that holds it. */
class Parsing {
  onJoin(_session, request) {
    new URL(request.query);
  }

  onMessage() {}
}

class Unopened {
  constructor() {
    throw new Error("this room cannot be made");
  }

  onMessage() {}
}

const create = (room) => new Fragile(room);

export const apps = {
  fragile: { durability: "memory", create },
  small: { durability: "memory", create, sessionsMax: 2, messageBytesMax: 1_000 },
  parsing: { durability: "memory", create: () => new Parsing() },
  unopened: { durability: "memory", create: () => new Unopened() },
};
