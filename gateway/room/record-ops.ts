/**
 * A journal record of a room, version 2: a byte for the version, then operations back to back, each a byte for its kind and its
 * fields. Numbers are little-endian; texts (UTF-8) and bytes have a u32 length in front. Sessions are named by `ref`, a number
 * that the room gives each at its join.
 *
 * | kind | fields |
 * |---|---|
 * | join | u32 ref, u32 number, u32 cseq, text gateway, text protocol |
 * | position | u32 ref, u32 cseq |
 * | end | u32 ref, u32 cseq: left or was closed; kept in mind until its gateway knows |
 * | forget | u32 ref |
 * | attachment | u32 ref, MessagePack as bytes, empty for none |
 * | entry | bytes |
 * | sent | u8 flags (1 text, 2 refers to an entry), u8 target (0 all, 1 one, 2 some, 3 all but one), u32 count, refs, u32 close code, bytes or u32 entry |
 * | timerSet | text name, f64 when it is due on the room's clock, in ms |
 * | timerOver, workBegun, workOver | text name |
 * | tell | text room, f64 number, u8 text, bytes: said to another room |
 * | told | text room, f64 number: up to there the other room has heard it |
 * | heard | text room, f64 line, f64 number: up to there the other room was heard on that line; 0: it was given the line |
 * | settled | text room: the other room has recorded all that was heard of it |
 * | tellRefused, tellReady | text room: too much waits for it; it may be told things again |
 * | clock | f64 the room's clock in ms when the record was closed |
 */
export const recordVersion = 2;

export const opcodes = {
  join: 1,
  position: 2,
  end: 3,
  forget: 4,
  attachment: 5,
  entry: 6,
  sent: 7,
  timerSet: 8,
  timerOver: 9,
  workBegun: 10,
  workOver: 11,
  tell: 12,
  told: 13,
  heard: 14,
  clock: 15,
  settled: 16,
  tellRefused: 17,
  tellReady: 18,
} as const;

export const targetKinds = { all: 0, one: 1, some: 2, except: 3 } as const;
export type TargetKind = keyof typeof targetKinds;

export interface SentOp {
  readonly target: TargetKind;
  readonly refs: readonly number[];
  /** 0: a message. */
  readonly closeCode: number;
  readonly isText: boolean;
  readonly payload: Uint8Array;
}

/** What a reader of records calls, in order. Bytes are views into the record. */
export interface RecordHandler {
  join(ref: number, number: number, cseq: number, gateway: string, protocol: string): void;
  position(ref: number, cseq: number): void;
  end(ref: number, cseq: number): void;
  forget(ref: number): void;
  attachment(ref: number, bytes: Uint8Array): void;
  entry(bytes: Uint8Array): void;
  sent(op: SentOp): void;
  timerSet(name: string, dueMs: number): void;
  timerOver(name: string): void;
  workBegun(name: string): void;
  workOver(name: string): void;
  tell(room: string, number: number, isText: boolean, bytes: Uint8Array): void;
  told(room: string, number: number): void;
  heard(room: string, line: number, number: number): void;
  settled(room: string): void;
  tellRefused(room: string): void;
  tellReady(room: string): void;
  clock(roomMs: number): void;
}
