import type { DeliveryClass } from "./frames.ts";

/** Bounds and offsets of PROTOCOL.md's *Batch and frame*, shared by the writer and the reader. All numbers are little-endian. */

/** Length, type, flags, zero, channel, epoch: in front of every frame. */
export const headerBytes = 16;
/** A batch is not longer, unless it holds one single frame. */
export const batchBytesMax = 4 * 1024 * 1024;
/** One message of a client or of a room, or one entry of a journal. */
export const payloadBytesMax = 16 * 1024 * 1024;
/** A payload with the names of all whom it is for. */
export const frameBytesMax = 17 * 1024 * 1024;
export const controlBytesMax = 16 * 1024 * 1024;
export const chunkBytesMax = 1024 * 1024;
/** What RFC 6455 leaves for the reason of a close frame. */
export const reasonBytesMax = 123;

/** Bytes up to the payload of `join`, `up` and `leave`: header, session, cseq. */
export const upBytes = headerBytes + 8;
/** Bytes up to what follows in `down`, `broadcast`, `multicast` and `close`: header, session or count, key or code, rseq. */
export const downBytes = headerBytes + 16;

export const textFlag = 1;
export const classShift = 1;
export const classMask = 0b110;

/** In the order of their numbers on the wire. */
export const deliveryClasses: readonly DeliveryClass[] = ["reliable", "latest", "volatile"];
export const deliveryNumbers: Readonly<Record<DeliveryClass, number>> = { reliable: 0, latest: 1, volatile: 2 };
