import { opcodes, recordVersion, type SentOp, targetKinds } from "./record-ops.ts";

const initialBytes = 256;
const encoder = new TextEncoder();

/**
 * Builds one journal record: what turns did to the room, in order. `record-ops.ts` gives the layout. A turn that fails is taken
 * back to the mark that it began at.
 */
export class RecordWriter {
  #bytes = new Uint8Array(initialBytes);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Entries of this record by their place; a message that equals one of the present turn's is stored as a reference. */
  #entries: Uint8Array[] = [];
  #turnEntries = 0;
  #turnStart = 0;
  readonly #opened: () => void;

  /** `opened`: a record has begun; what is written then stands in front of all else, and belongs to no turn. */
  constructor(opened: () => void = () => {}) {
    this.#opened = opened;
  }

  get length(): number {
    return this.#length;
  }

  get hasTurn(): boolean {
    return this.#length > this.#turnStart;
  }

  /** Begins a record, if none is begun. */
  open(): void {
    if (this.#length > 0) return;
    this.#u8(recordVersion);
    this.#opened();
    this.endTurn();
  }

  /** Writes something that belongs to no turn. */
  between(write: () => void): void {
    const isWithin = this.hasTurn;
    write();
    if (!isWithin) this.endTurn();
  }

  endTurn(): void {
    this.#turnStart = this.#length;
    this.#turnEntries = this.#entries.length;
  }

  failTurn(): void {
    this.#length = this.#turnStart;
    this.#entries.length = this.#turnEntries;
  }

  /** The record, in bytes of its own; the writer begins the next one. */
  take(): Uint8Array {
    const record = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    this.#turnStart = 0;
    this.#entries = [];
    this.#turnEntries = 0;
    return record;
  }

  join(ref: number, number: number, cseq: number, gateway: string, protocol: string): void {
    this.#op(opcodes.join);
    this.#u32(ref);
    this.#u32(number);
    this.#u32(cseq);
    this.#text(gateway);
    this.#text(protocol);
  }

  position(ref: number, cseq: number): void {
    this.#op(opcodes.position);
    this.#u32(ref);
    this.#u32(cseq);
  }

  end(ref: number, cseq: number): void {
    this.#op(opcodes.end);
    this.#u32(ref);
    this.#u32(cseq);
  }

  /** The session is not kept in mind any more. */
  forget(ref: number): void {
    this.#op(opcodes.forget);
    this.#u32(ref);
  }

  attachment(ref: number, bytes: Uint8Array): void {
    this.#op(opcodes.attachment);
    this.#u32(ref);
    this.#blob(bytes);
  }

  entry(bytes: Uint8Array): void {
    this.#op(opcodes.entry);
    this.#blob(bytes);
    this.#entries.push(bytes);
  }

  sent(op: Omit<SentOp, "entry">): void {
    const entry = this.#entryLike(op.payload);
    this.#op(opcodes.sent);
    this.#u8((op.isText ? 1 : 0) | (entry >= 0 ? 2 : 0));
    this.#u8(targetKinds[op.target]);
    this.#u32(op.refs.length);
    for (const ref of op.refs) this.#u32(ref);
    this.#u32(op.closeCode);
    if (entry >= 0) this.#u32(entry);
    else this.#blob(op.payload);
  }

  timerSet(name: string, dueMs: number): void {
    this.#op(opcodes.timerSet);
    this.#text(name);
    this.#f64(dueMs);
  }

  timerOver(name: string): void {
    this.#op(opcodes.timerOver);
    this.#text(name);
  }

  workBegun(name: string): void {
    this.#op(opcodes.workBegun);
    this.#text(name);
  }

  workOver(name: string): void {
    this.#op(opcodes.workOver);
    this.#text(name);
  }

  tell(room: string, number: number, isText: boolean, bytes: Uint8Array): void {
    this.#op(opcodes.tell);
    this.#text(room);
    this.#f64(number);
    this.#u8(isText ? 1 : 0);
    this.#blob(bytes);
  }

  told(room: string, number: number): void {
    this.#op(opcodes.told);
    this.#text(room);
    this.#f64(number);
  }

  heard(room: string, line: number, number: number): void {
    this.#op(opcodes.heard);
    this.#text(room);
    this.#f64(line);
    this.#f64(number);
  }

  settled(room: string): void {
    this.#op(opcodes.settled);
    this.#text(room);
  }

  tellRefused(room: string): void {
    this.#op(opcodes.tellRefused);
    this.#text(room);
  }

  tellReady(room: string): void {
    this.#op(opcodes.tellReady);
    this.#text(room);
  }

  clock(roomMs: number): void {
    this.#op(opcodes.clock);
    this.#f64(roomMs);
  }

  #entryLike(payload: Uint8Array): number {
    for (let index = this.#turnEntries; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (entry?.length === payload.length && Buffer.compare(entry, payload) === 0) return index;
    }
    return -1;
  }

  #op(code: number): void {
    if (this.#length === 0) this.open();
    this.#u8(code);
  }

  #u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  #u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  #f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  #text(text: string): void {
    this.#blob(encoder.encode(text));
  }

  #blob(bytes: Uint8Array): void {
    this.#u32(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
