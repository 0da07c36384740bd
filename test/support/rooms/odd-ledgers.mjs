import { existsSync, writeFileSync } from "node:fs";

/** Comma-separated: what goes wrong in this process, as after the deploy of a bad version. */
const faults = new Set((process.env.ODD_LEDGERS ?? "").split(","));
const bigEntryBytes = 16 * 1024 * 1024 + 1;

/** A list of texts that only grows: each message is one, `n text` goes to all; a member is told `all` of them when it joins. */
class OddLedger {
  #room;
  #texts = [];

  constructor(room) {
    this.#room = room;
  }

  onJoin(session) {
    session.send(`all ${this.#texts.join(" ")}`);
  }

  onMessage(_session, message) {
    const text = message.text();
    if (text === "big") this.#room.append(new Uint8Array(bigEntryBytes));
    // Once, whoever runs it: the message is said again to the next owner.
    if (text.startsWith("block ")) {
      const [, forMs, mark] = text.split(" ");
      if (!existsSync(mark)) {
        writeFileSync(mark, "");
        block(Number(forMs));
      }
      return;
    }
    this.#room.append(text);
    this.#room.broadcast(`${this.#texts.length} ${text}`);
  }

  apply(entry) {
    const text = new TextDecoder().decode(entry);
    // `narrow`: it does not understand any more what it understood before.
    const isTooWide = faults.has("narrow") && text.startsWith("wide");
    if (text === "poison" || isTooWide || faults.has("apply")) throw new Error(`apply cannot take ${text}`);
    this.#texts.push(text);
  }

  snapshot() {
    return new TextEncoder().encode(this.#texts.join(" "));
  }

  restore(snapshot) {
    if (faults.has("restore")) throw new Error("restore cannot read this");
    this.#texts = new TextDecoder().decode(snapshot).split(" ");
  }
}

function block(forMs) {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs);
}

export const apps = {
  odd: {
    durability: "commit",
    version: faults.has("version") ? "2" : "1",
    idleMs: 300,
    create: (room) => new OddLedger(room),
  },
};
