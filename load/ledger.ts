import { createSHA256 } from "hash-wasm";
import type { AppDefinition, Message, Room, RoomContext, Session } from "roomgate/room";

/** One hasher for all ledgers: each keeps its own state between its turns, and a state can be stored. */
const hasher = await createSHA256();
const emptyDigestState = hasher.init().save();
const lineEnd = new TextEncoder().encode("\n");
const totalBytes = 8;

/**
 * A list of bodies that only grows. A member is told how many there are and the SHA-256 of all of them, each followed by a line
 * feed; from then on it hears every new one with its place, from 1.
 */
class Ledger implements Room {
  readonly #room: RoomContext;
  #total = 0;
  #digest: Uint8Array = emptyDigestState;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  onJoin(session: Session): void {
    session.send(JSON.stringify({ total: this.#total, digest: hasher.load(this.#digest).digest("hex") }));
  }

  onMessage(session: Session, message: Message): void {
    if (!message.isText) {
      session.close(4400, "bodies are text");
      return;
    }
    this.#room.append(message.bytes);
    this.#room.broadcast(JSON.stringify({ n: this.#total, body: message.text() }));
  }

  apply(entry: Uint8Array): void {
    this.#total += 1;
    this.#digest = hasher.load(this.#digest).update(entry).update(lineEnd).save();
  }

  snapshot(): Uint8Array {
    const bytes = new Uint8Array(totalBytes + this.#digest.length);
    new DataView(bytes.buffer).setFloat64(0, this.#total, true);
    bytes.set(this.#digest, totalBytes);
    return bytes;
  }

  restore(snapshot: Uint8Array): void {
    this.#total = new DataView(snapshot.buffer, snapshot.byteOffset).getFloat64(0, true);
    this.#digest = snapshot.slice(totalBytes);
  }
}

export const ledger: AppDefinition = { durability: "commit", create: (room) => new Ledger(room) };
