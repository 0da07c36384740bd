import "../random-values.ts";
import "../text-codec.ts";
import { createDecoder, readVarUint } from "lib0/decoding";
import { createEncoder, encode, length, toUint8Array, writeVarUint } from "lib0/encoding";
import { readSyncMessage, writeSyncStep1, writeUpdate } from "y-protocols/sync";
import { Doc, decodeStateVector, encodeStateVector, type Text } from "yjs";
import { messageTypes } from "../../../demo-editor/server/rules/messages.ts";
import type { ClientLink, Crowd, LoadClient } from "../load-client.ts";
import { LineJudge } from "./line-judge.ts";

const words = ["tide ", "lantern ", "quiet ", "ember ", "harbour\n", "7 ", "ö ", "slate. "];
/** Of a document, above which writers take away as much as they add: what Yjs costs k6 grows with it. */
const lettersMax = 4_000;
/** People write on where they are, and go elsewhere now and then. */
const goElsewhere = 0.1;

/** A replica of the document on one socket. */
class Replica {
  readonly doc = new Doc();
  readonly #send: (data: Uint8Array) => void;

  constructor(send: (data: Uint8Array) => void) {
    this.#send = send;
  }

  /** Makes one change and sends it. Yjs writes what an update says for whoever listens, so nobody does while others' changes come in. */
  change(make: (text: Text) => void): void {
    const sendUpdate = (update: Uint8Array) => this.#send(framed((encoder) => writeUpdate(encoder, update)));
    this.doc.on("update", sendUpdate);
    make(this.doc.getText("text"));
    this.doc.off("update", sendUpdate);
  }

  /** Asks for what it has not got. */
  ask(): void {
    this.#send(framed((encoder) => writeSyncStep1(encoder, this.doc)));
  }

  /** `undefined` for all but echoes, whose number it answers. */
  take(data: ArrayBuffer): number | undefined {
    const decoder = createDecoder(new Uint8Array(data));
    const type = readVarUint(decoder);
    if (type === messageTypes.echo) return readVarUint(decoder);
    if (type !== messageTypes.sync) return undefined;
    const answer = createEncoder();
    writeVarUint(answer, messageTypes.sync);
    readSyncMessage(decoder, answer, this.doc, this);
    if (length(answer) > 1) this.#send(toUint8Array(answer));
    return undefined;
  }

  /** Updates that wait for others, which have not come. */
  get isIncomplete(): boolean {
    return this.doc.store.pendingStructs !== null || this.doc.store.pendingDs !== null;
  }

  get text(): string {
    return this.doc.getText("text").toString();
  }
}

function framed(write: (encoder: ReturnType<typeof createEncoder>) => void): Uint8Array {
  return encode((encoder) => {
    writeVarUint(encoder, messageTypes.sync);
    write(encoder);
  });
}

/** How many letters, deleted ones too, one replica has that the other has not, both ways. */
function lettersApart(one: Doc, other: Doc): number {
  const [here, there] = [decodeStateVector(encodeStateVector(one)), decodeStateVector(encodeStateVector(other))];
  let apart = 0;
  for (const client of new Set([...here.keys(), ...there.keys()])) {
    apart += Math.abs((here.get(client) ?? 0) - (there.get(client) ?? 0));
  }
  return apart;
}

/**
 * Writes into a document with others. After each change it sends a numbered message that comes back behind it, when it is durable. In the
 * end a second socket fetches the document as its room has it: whatever anybody has written must be in both, and the same.
 */
class DocumentWriter implements LoadClient {
  readonly #link: ClientLink;
  readonly #own: Replica;
  readonly #echoes: LineJudge;
  readonly #sentMs = new Map<number, number>();
  #said = 0;
  /** Letters in front of its cursor, about: what others do there does not move it. */
  #place = 0;
  #fetched: Replica | undefined;

  constructor(link: ClientLink) {
    this.#link = link;
    this.#own = new Replica((data) => link.send(data));
    this.#echoes = new LineJudge(link, 1);
  }

  opened(): void {
    this.#own.ask();
  }

  speak(nowMs: number): void {
    this.#own.change((text) => this.#write(text));
    this.#said += 1;
    this.#sentMs.set(this.#said, nowMs);
    this.#link.send(
      encode((encoder) => {
        writeVarUint(encoder, messageTypes.echo);
        writeVarUint(encoder, this.#said);
      }),
    );
  }

  #write(text: Text): void {
    const { length } = text;
    this.#place =
      Math.random() < goElsewhere ? Math.floor(Math.random() * (length + 1)) : Math.min(this.#place, length);
    const isTakingAway = Math.random() < (length > lettersMax ? 0.5 : 0.2);
    const count = Math.min(6, this.#place);
    if (isTakingAway && count > 0) {
      this.#place -= count;
      text.delete(this.#place, count);
      return;
    }
    const word = words[Math.floor(Math.random() * words.length)] ?? "";
    text.insert(this.#place, word);
    this.#place += word.length;
  }

  heard(data: string | ArrayBuffer, nowMs: number): void {
    if (typeof data === "string") {
      this.#link.broken("documents speak in bytes");
      return;
    }
    const number = this.#own.take(data);
    if (number === undefined) return;
    this.#echoes.note(number, nowMs);
    const sentMs = this.#sentMs.get(number);
    this.#sentMs.delete(number);
    if (sentMs !== undefined) this.#link.answered(sentMs);
  }

  isSettled(): boolean {
    if (!this.#echoes.isComplete(this.#said) || this.#own.isIncomplete) return false;
    const fetched = this.#fetched;
    if (fetched === undefined) {
      this.#fetch();
      return false;
    }
    return lettersApart(this.#own.doc, fetched.doc) === 0 && this.#own.text === fetched.text;
  }

  finish(nowMs: number): void {
    this.#echoes.finish(this.#said, nowMs);
    if (this.#fetched === undefined) return;
    this.#link.found("gaps", lettersApart(this.#own.doc, this.#fetched.doc), nowMs);
    if (this.#own.text !== this.#fetched.text) this.#link.broken("the document is not what its room has");
  }

  #fetch(): void {
    let send: ((data: Uint8Array) => void) | undefined;
    const fetched = new Replica((data) => send?.(data));
    this.#fetched = fetched;
    this.#link.second(
      (data) => typeof data !== "string" && fetched.take(data),
      (open) => {
        send = open;
        fetched.ask();
      },
    );
  }
}

export const documentCrowd: Crowd = {
  app: "editor",
  durability: "commit",
  membersPerRoom: 5,
  perSecond: 1,
  create: (link) => new DocumentWriter(link),
};
