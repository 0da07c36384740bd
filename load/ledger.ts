import { createSHA256 } from "hash-wasm";
import type { AppDefinition, Message, Room, RoomContext, Session } from "roomgate/room";

/** One hasher for all ledgers: each keeps its own state between its turns, and a state can be stored. */
const hasher = await createSHA256();
const emptyDigestState = hasher.init().save();
const lineEnd = 0x0a;
const totalBytes = 8;
/** To load and save the hasher costs as much as to hash some hundred bytes, so bodies are gathered. */
const gatheredBytesMax = 4_096;

/**
 * A list of bodies that only grows. A member is told how many there are and the SHA-256 of all of them, each followed by a line
 * feed; from then on it hears every new one with its place, from 1.
 */
class Ledger implements Room {
  readonly #room: RoomContext;
  #total = 0;
  /** Of all bodies but those that are gathered. */
  #digest: Uint8Array = emptyDigestState;
  #gathered = new Uint8Array(256);
  #gatheredBytes = 0;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  onJoin(session: Session): void {
    session.send(JSON.stringify({ total: this.#total, digest: hasher.load(this.#digestState()).digest("hex") }));
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
    const end = this.#gatheredBytes + entry.length + 1;
    if (end > gatheredBytesMax) {
      this.#digest = this.#gatheredDigest().update(entry).update("\n").save();
      return;
    }
    if (end > this.#gathered.length) this.#gathered = grown(this.#gathered, end);
    this.#gathered.set(entry, this.#gatheredBytes);
    this.#gathered[end - 1] = lineEnd;
    this.#gatheredBytes = end;
  }

  snapshot(): Uint8Array {
    const digest = this.#digestState();
    const bytes = new Uint8Array(totalBytes + digest.length);
    new DataView(bytes.buffer).setFloat64(0, this.#total, true);
    bytes.set(digest, totalBytes);
    return bytes;
  }

  restore(snapshot: Uint8Array): void {
    this.#gatheredBytes = 0;
    this.#total = new DataView(snapshot.buffer, snapshot.byteOffset).getFloat64(0, true);
    this.#digest = snapshot.slice(totalBytes);
  }

  #digestState(): Uint8Array {
    if (this.#gatheredBytes > 0) this.#digest = this.#gatheredDigest().save();
    return this.#digest;
  }

  #gatheredDigest(): typeof hasher {
    const gathered = this.#gathered.subarray(0, this.#gatheredBytes);
    this.#gatheredBytes = 0;
    return hasher.load(this.#digest).update(gathered);
  }
}

function grown(bytes: Uint8Array, bytesMin: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(gatheredBytesMax, Math.max(bytesMin, bytes.length * 2)));
  larger.set(bytes);
  return larger;
}

export const ledger: AppDefinition = { durability: "commit", create: (room) => new Ledger(room) };
