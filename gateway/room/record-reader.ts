import type { JournalRecord, Position } from "../store/port.ts";
import { describeError, RoomgateError } from "../wire/errors.ts";
import type { RoomKey } from "../wire/ids.ts";
import { opcodes, type RecordHandler, recordVersion, type TargetKind, targetKinds } from "./record-ops.ts";
import type { RoomReplay } from "./room-replay.ts";

const decoder = new TextDecoder();
const targetNames = Object.fromEntries(Object.entries(targetKinds).map(([name, kind]) => [kind, name]));

/** Hands on what a record holds. Throws a `RoomgateError` (`bad-record`) where it is no record of a known version, and what `handler` throws. */
export function readRecord(record: Uint8Array, handler: RecordHandler): void {
  const reader = new FieldReader(record);
  const version = reader.u8();
  if (version !== recordVersion) throw bad(`its version is ${version}`);
  const entries: Uint8Array[] = [];
  while (!reader.isAtEnd) readOp(reader, handler, entries);
}

/**
 * Does to a room what one record of its journal says; of record `skip`, by an operator's word, what can be done of it. Throws a `RoomgateError`
 * (`bad-record`) that names the record, why, and what an operator can do.
 */
export function replayRecord(
  room: RoomKey,
  { position, bytes }: JournalRecord,
  replay: RoomReplay,
  skip: Position | undefined,
): void {
  replay.isSkipping = position === skip;
  try {
    readRecord(bytes, replay);
  } catch (cause) {
    if (replay.isSkipping && cause instanceof RoomgateError && cause.code === "bad-record") {
      // What stands behind the damage cannot be read either.
      replay.skipped += 1;
      return;
    }
    const { message } = describeError(cause);
    const advice = `\`roomgate skip ${room} ${position}\` leaves out what of it cannot be done`;
    throw new RoomgateError("bad-record", `record ${position} cannot be replayed: ${message}; ${advice}`, { cause });
  }
}

function readOp(from: FieldReader, handler: RecordHandler, entries: Uint8Array[]): void {
  const code = from.u8();
  switch (code) {
    case opcodes.join:
      handler.join(from.u32(), from.u32(), from.u32(), from.text(), from.text());
      return;
    case opcodes.position:
      handler.position(from.u32(), from.u32());
      return;
    case opcodes.end:
      handler.end(from.u32(), from.u32());
      return;
    case opcodes.forget:
      handler.forget(from.u32());
      return;
    case opcodes.attachment:
      handler.attachment(from.u32(), from.blob());
      return;
    case opcodes.entry: {
      const entry = from.blob();
      entries.push(entry);
      handler.entry(entry);
      return;
    }
    case opcodes.sent:
      readSent(from, handler, entries);
      return;
    case opcodes.timerSet:
      handler.timerSet(from.text(), from.f64());
      return;
    case opcodes.timerOver:
      handler.timerOver(from.text());
      return;
    case opcodes.workBegun:
      handler.workBegun(from.text());
      return;
    case opcodes.workOver:
      handler.workOver(from.text());
      return;
    case opcodes.tell:
      handler.tell(from.text(), from.f64(), from.u8() === 1, from.blob());
      return;
    case opcodes.told:
      handler.told(from.text(), from.f64());
      return;
    case opcodes.heard:
      handler.heard(from.text(), from.f64(), from.f64());
      return;
    case opcodes.settled:
      handler.settled(from.text());
      return;
    case opcodes.tellRefused:
      handler.tellRefused(from.text());
      return;
    case opcodes.tellReady:
      handler.tellReady(from.text());
      return;
    case opcodes.clock:
      handler.clock(from.f64());
      return;
    default:
      throw bad(`its operation ${code} is unknown`);
  }
}

function readSent(from: FieldReader, handler: RecordHandler, entries: readonly Uint8Array[]): void {
  const flags = from.u8();
  const target = targetNames[from.u8()] as TargetKind | undefined;
  if (target === undefined) throw bad("a message's target is unknown");
  const count = from.u32();
  const refs: number[] = [];
  for (let index = 0; index < count; index += 1) refs.push(from.u32());
  const closeCode = from.u32();
  const payload = (flags & 2) !== 0 ? entries[from.u32()] : from.blob();
  if (payload === undefined) throw bad("a message refers to an entry that is not there");
  handler.sent({ target, refs, closeCode, isText: (flags & 1) !== 0, payload });
}

class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  text(): string {
    return decoder.decode(this.blob());
  }

  blob(): Uint8Array {
    const length = this.u32();
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  #skip(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw bad("it is cut off");
    this.#at = at + length;
    return at;
  }
}

function bad(detail: string): RoomgateError {
  return new RoomgateError("bad-record", `a journal record cannot be read: ${detail}`);
}
