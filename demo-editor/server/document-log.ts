import {
  decodeStateVector,
  decodeUpdate,
  diffUpdate,
  encodeStateVector,
  encodeStateVectorFromUpdate,
  mergeUpdates,
} from "yjs";
import { compact } from "./compaction.ts";
import { DeletedRanges } from "./deleted-ranges.ts";
import { readUpdate, type UpdateContent } from "./update-check.ts";

export type Verdict =
  | { readonly kind: "malformed" }
  /** Nothing in it is new. */
  | { readonly kind: "known" }
  | { readonly kind: "new"; readonly inserts: boolean };

/** Of a log, in the form in which it is stored. */
export interface SavedLog {
  readonly base: Uint8Array;
  readonly pending: readonly Uint8Array[];
  /** State vector. */
  readonly known: Uint8Array;
}

const emptyUpdate = Uint8Array.of(0, 0);
/** Up to this size a document is compacted within a turn: a few milliseconds. */
const smallBytesMax = 128 * 1024;
const pendingCountMax = { small: 256, large: 1_024 };
const pendingBytesMin = 64 * 1024;
/** So few deletions are taken as new rather than to read through the whole document for them. */
const uncheckedRangesMax = 16;

/**
 * A document as what it is made of: one compact update, the base, and the updates since, never more. No document of Yjs is kept: what
 * takes its place in a move is bytes alone, so that a large document moves as fast as it can be copied, and an update costs what it is
 * long and not what the document is.
 */
export class DocumentLog {
  #base: Uint8Array = emptyUpdate;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Of each client, up to where its clock is here without a hole. */
  #known = new Map<number, number>();
  #hasHole = false;
  /** Made when it is first needed. */
  #deleted: DeletedRanges | undefined;
  /** So many of the pending updates are being compacted. */
  #covered = 0;
  /** Where compacting has failed, it is tried again when twice as much is pending. */
  #failedAtBytes = 0;

  get bytes(): number {
    return this.#base.length + this.#pendingBytes;
  }

  get isSmall(): boolean {
    return this.bytes <= smallBytesMax;
  }

  /** Enough has come since the base was made, or a hole may have been filled. */
  get isDue(): boolean {
    if (this.#pendingBytes <= 2 * this.#failedAtBytes) return false;
    if (this.#hasHole || this.#pending.length >= pendingCountMax[this.isSmall ? "small" : "large"]) return true;
    return this.#pendingBytes >= Math.max(pendingBytesMin, this.#base.length / 4);
  }

  stateVector(): Uint8Array {
    return encodeStateVector(this.#known);
  }

  /** `isAnswer`: to a question for all that is missing; such an update has all deletions of its sender's document. */
  judge(update: Uint8Array, isAnswer: boolean): Verdict {
    const content = readUpdate(update);
    if (content === undefined) return { kind: "malformed" };
    const inserts = content.pieces.some(({ client, to }) => to > (this.#known.get(client) ?? 0));
    const isNew = inserts || (content.deletes && !this.#hasDeleted(content, isAnswer));
    return isNew ? { kind: "new", inserts } : { kind: "known" };
  }

  /** EDIT-1: adds what was judged before it was written. Throws for anything else: then the journal is not this document's. */
  add(entry: Uint8Array): void {
    const content = readUpdate(entry);
    if (content === undefined) throw new RangeError("an entry of the journal is no sound update");
    for (const { client, from, to } of content.pieces) {
      const known = this.#known.get(client) ?? 0;
      if (from > known) this.#hasHole = true;
      else if (to > known) this.#known.set(client, to);
    }
    this.#deleted?.add(content.deletions);
    this.#pending.push(entry.slice());
    this.#pendingBytes += entry.length;
  }

  /**
   * What whoever has `stateVector` misses, as updates to be applied in this order; the last one is there in any case. `undefined` if it
   * is none.
   */
  missingFor(stateVector: Uint8Array): readonly Uint8Array[] | undefined {
    try {
      if (decodeStateVector(stateVector).size === 0) return this.#inFewPieces();
      return this.#inFewPieces().map((update) => diffUpdate(update, stateVector));
    } catch {
      return undefined;
    }
  }

  /** Compacts at once. */
  compactNow(): void {
    const updates = this.beginCompaction();
    try {
      this.endCompaction(compact(updates));
    } catch {
      this.endCompaction(undefined);
    }
  }

  /** What to compact. What comes meanwhile stays behind it. */
  beginCompaction(): readonly Uint8Array[] {
    this.#covered = this.#pending.length;
    return [this.#base, ...this.#pending];
  }

  /** Takes what has come of it. `undefined`: it could not be done, and the document stays as it is. */
  endCompaction(compacted: Uint8Array | undefined): void {
    const covered = this.#covered;
    this.#covered = 0;
    this.#failedAtBytes = compacted === undefined ? this.#pendingBytes : 0;
    if (compacted === undefined) return;
    this.#base = compacted;
    this.#pending = this.#pending.slice(covered);
    this.#countPending();
    // What had come ahead of what it follows counts from here on.
    for (const [client, clock] of decodeStateVector(encodeStateVectorFromUpdate(compacted))) {
      this.#known.set(client, Math.max(clock, this.#known.get(client) ?? 0));
    }
    this.#hasHole = this.#pending.length > 0 && this.#hasHole;
  }

  save(): SavedLog {
    return { base: this.#base, pending: this.#pending, known: this.stateVector() };
  }

  restore({ base, pending, known }: SavedLog): void {
    this.#base = base.slice();
    this.#pending = pending.map((update) => update.slice());
    this.#countPending();
    this.#known = decodeStateVector(known);
  }

  #hasDeleted({ deletions }: UpdateContent, isAnswer: boolean): boolean {
    let ranges = 0;
    for (const one of deletions.clients.values()) ranges += one.length;
    if (this.#deleted === undefined && !isAnswer && ranges <= uncheckedRangesMax && !this.isSmall) return false;
    return this.#knownDeletions().covers(deletions);
  }

  #knownDeletions(): DeletedRanges {
    if (this.#deleted === undefined) {
      this.#deleted = new DeletedRanges();
      for (const update of [this.#base, ...this.#pending]) this.#deleted.add(decodeUpdate(update).ds);
    }
    return this.#deleted;
  }

  /** At most the base, what is being compacted with it, and the rest. A small document in one. */
  #inFewPieces(): Uint8Array[] {
    if (this.isSmall && this.#pendingBytes > 2 * this.#failedAtBytes && this.#covered === 0) this.compactNow();
    const parts = [this.#pending.slice(0, this.#covered), this.#pending.slice(this.#covered)].filter(
      ({ length }) => length > 0,
    );
    if (this.#covered > 0) this.#covered = 1;
    this.#pending = parts.map((part) => mergeUpdates(part));
    this.#countPending();
    return [...this.#pending, this.#base];
  }

  #countPending(): void {
    this.#pendingBytes = this.#pending.reduce((sum, { length }) => sum + length, 0);
  }
}
