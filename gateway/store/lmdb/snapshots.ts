import { randomBytes } from "node:crypto";
import type { Epoch, RoomKey } from "../../wire/ids.ts";
import type { Corrupt, Fenced, Position, Snapshot, Unavailable } from "../port.ts";
import { type RoomChange, type RowWrite, readHeadRow } from "./change.ts";
import type { Environment } from "./environment.ts";
import type { GenerationCollector } from "./generation-collector.ts";
import type { GroupCommit, Uncertain } from "./group-commit.ts";
import { chunkKey, generationKey } from "./keys.ts";
import { createLanes, type Lanes } from "./lanes.ts";
import { fenced } from "./ownership.ts";
import { type HeadRow, noGeneration } from "./rows.ts";
import { isIntact, sealBytes } from "./seal.ts";
import { createSlices } from "./slices.ts";
import {
  chunkBytes,
  chunkCount,
  decodeGeneration,
  decodeSnapshot,
  encodeChunk,
  encodeSnapshot,
  generationNote,
  type SnapshotRow,
} from "./snapshot-rows.ts";

/** Chunks of one snapshot that go into one commit: 1 MiB, so that the appends of others wait a few ms for it at most. */
const chunksPerCommit = 4;
/** Large snapshots that are being written at the same time. The others wait. */
const largeSavesMax = 2;
/** A reader whose snapshot was replaced under its hands begins again, so many times. */
const loadAttemptsMax = 8;

type SaveAnswer = { readonly kind: "stored" } | Fenced;
type LoadAnswer =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | { readonly kind: "none" }
  | Corrupt
  | Unavailable;

/**
 * A snapshot is a new generation of chunks; the room's head names the generation that counts. Small ones are written whole in
 * one step with the head. Large ones are written piece by piece, each commit short, and the head changes at the end, if the
 * epoch still is what it was. What is not named by a head is noted in `generations`, so that it is found and removed.
 */
export class Snapshots {
  readonly #environment: Environment;
  readonly #commit: GroupCommit;
  readonly #collector: GenerationCollector;
  readonly #lanes: Lanes = createLanes(largeSavesMax);

  constructor(environment: Environment, commit: GroupCommit, collector: GenerationCollector) {
    this.#environment = environment;
    this.#commit = commit;
    this.#collector = collector;
  }

  async save(room: RoomKey, epoch: Epoch, snapshot: Snapshot): Promise<SaveAnswer | Uncertain> {
    const generation = newGeneration();
    const count = chunkCount(snapshot.bytes.length);
    const answer =
      count <= chunksPerCommit
        ? await this.#commit.submit(
            this.#swap(room, epoch, snapshot, generation, () => chunkRows(room, generation, snapshot.bytes, 0, count)),
          )
        : await this.#lanes.run(() => this.#saveLarge(room, epoch, snapshot, generation, count));
    if (answer.kind === "stored") this.#collector.poke();
    return answer;
  }

  async #saveLarge(
    room: RoomKey,
    epoch: Epoch,
    snapshot: Snapshot,
    generation: Buffer,
    count: number,
  ): Promise<SaveAnswer | Uncertain> {
    const note = generationKey(room, generation);
    const begun = await this.#commit.submit(this.#begin(room, epoch, note));
    if (begun.kind !== "stored")
      return begun.kind === "unknown" ? this.#giveUp(note, notReplaced(begun.reason)) : begun;
    for (let first = 0; first < count; first += chunksPerCommit) {
      const rows = chunkRows(room, generation, snapshot.bytes, first, Math.min(first + chunksPerCommit, count));
      const written = await this.#commit.write(rows);
      // Whatever became of these chunks: the head does not name them, and will not.
      if (written.kind !== "stored") return this.#giveUp(note, notReplaced(written.reason));
    }
    const answer = await this.#commit.submit(
      this.#swap(room, epoch, snapshot, generation, () => {
        // Somebody who took us for dead has changed the note, and may have removed chunks.
        const row = this.#environment.tables.generations.get(note);
        if (!(row instanceof Buffer) || decodeGeneration(note, row)?.state !== "writing") return undefined;
        return [{ table: "generations", key: note }];
      }),
    );
    return answer.kind === "stored" || answer.kind === "unknown" ? answer : this.#giveUp(note, answer);
  }

  #begin(room: RoomKey, epoch: Epoch, note: Buffer): RoomChange<SaveAnswer> {
    const { process } = this.#environment;
    return {
      room,
      bytes: 256,
      decide(head) {
        if (head?.epoch !== epoch) return fenced(head);
        return { kind: "write", head, rows: [generationNote(process, note, "writing")], answer: { kind: "stored" } };
      },
    };
  }

  /** `rowsOf` gives what else is written in the same step; `undefined` if the chunks are not there any more. */
  #swap(
    room: RoomKey,
    epoch: Epoch,
    snapshot: Snapshot,
    generation: Buffer,
    rowsOf: () => RowWrite[] | undefined,
  ): RoomChange<SaveAnswer | Unavailable> {
    const { position, version, bytes } = snapshot;
    const { process } = this.#environment;
    const isLarge = chunkCount(bytes.length) > chunksPerCommit;
    const isSuperseded = (head: HeadRow): boolean => {
      const kept = this.#described(room, head);
      return kept?.epoch === epoch && kept.position > position;
    };
    return {
      room,
      bytes: isLarge ? 512 : bytes.length + 512,
      decide(head) {
        if (head?.epoch !== epoch) return fenced(head);
        // STORE-15: one of this epoch at a later position stays. Chunks that were written for this one are left to the collector.
        if (isSuperseded(head)) {
          if (!isLarge) return { kind: "answer", answer: { kind: "stored" } };
          const note = generationNote(process, generationKey(room, generation), "dead");
          return { kind: "write", head, rows: [note], answer: { kind: "stored" } };
        }
        const rows = rowsOf();
        if (rows === undefined) return { kind: "answer", answer: notReplaced("its chunks were removed") };
        const key = generationKey(room, generation);
        rows.push({
          table: "snapshots",
          key,
          value: encodeSnapshot(key, { position, epoch, version, bytes: bytes.length }),
        });
        if (!head.generation.equals(noGeneration)) {
          const old = generationKey(room, head.generation);
          rows.push(generationNote(process, old, "dead"));
        }
        return { kind: "write", head: { ...head, generation }, rows, answer: { kind: "stored" } };
      },
    };
  }

  /** Of the snapshot that counts; `undefined` where there is none that can be read. */
  #described(room: RoomKey, { generation }: HeadRow): SnapshotRow | undefined {
    if (generation.equals(noGeneration)) return undefined;
    const key = generationKey(room, generation);
    const row = this.#environment.tables.snapshots.get(key);
    return row instanceof Buffer ? decodeSnapshot(key, row) : undefined;
  }

  async #giveUp<Answer>(note: Buffer, answer: Answer): Promise<Answer> {
    await this.#commit.write([generationNote(this.#environment.process, note, "dead")]);
    this.#collector.poke();
    return answer;
  }

  async load(room: RoomKey): Promise<LoadAnswer> {
    for (let attempt = 0; attempt < loadAttemptsMax; attempt += 1) {
      const head = this.#freshHead(room);
      if (head === undefined || head.generation.equals(noGeneration)) return { kind: "none" };
      const answer = await this.#loadGeneration(room, head.generation);
      if (answer.kind === "snapshot") return answer;
      // Replaced and removed while we read: that is no damage.
      if (this.#freshHead(room)?.generation.equals(head.generation)) return answer;
    }
    return { kind: "unavailable", reason: "the snapshot is replaced faster than it can be read" };
  }

  #freshHead(room: RoomKey): HeadRow | undefined {
    this.#environment.root.resetReadTxn();
    return readHeadRow(this.#environment, room);
  }

  async #loadGeneration(room: RoomKey, generation: Buffer): Promise<LoadAnswer> {
    const { tables } = this.#environment;
    const key = generationKey(room, generation);
    const row = tables.snapshots.get(key);
    const description = row instanceof Buffer ? decodeSnapshot(key, row) : undefined;
    if (description === undefined) return corrupt(room, 0, "its description");
    const { position, version, bytes: length } = description;
    const bytes = new Uint8Array(length);
    const slices = createSlices();
    for (let index = 0, at = 0; at < length; index += 1) {
      const place = chunkKey(room, generation, index);
      const chunk = tables.chunks.get(place);
      const expectedBytes = Math.min(chunkBytes, length - at);
      if (!(chunk instanceof Buffer) || chunk.length !== sealBytes + expectedBytes || !isIntact(place, chunk)) {
        return corrupt(room, position, `chunk ${index}`);
      }
      bytes.set(chunk.subarray(sealBytes), at);
      at += expectedBytes;
      await slices.pause();
    }
    return { kind: "snapshot", snapshot: { position, version, bytes } };
  }
}

function newGeneration(): Buffer {
  const generation = randomBytes(8);
  // All zero means none.
  generation[0] = (generation[0] ?? 0) | 1;
  return generation;
}

function chunkRows(room: RoomKey, generation: Buffer, bytes: Uint8Array, first: number, end: number): RowWrite[] {
  const rows: RowWrite[] = [];
  for (let index = first; index < end; index += 1) {
    const key = chunkKey(room, generation, index);
    const value = encodeChunk(key, bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes));
    rows.push({ table: "chunks", key, value });
  }
  return rows;
}

function corrupt(room: RoomKey, position: Position, what: string): Corrupt {
  return { kind: "corrupt", position, reason: `the snapshot of ${room} is damaged: ${what} is missing or wrong` };
}

function notReplaced(reason: string): Unavailable {
  return { kind: "unavailable", reason };
}
