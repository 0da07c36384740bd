/**
 * Bounds of one room that belong together: each is checked in the turn that would break it, so that what leaves the room later fits,
 * whoever takes it (`test/property/room/bounds.test.ts` has a room that has all it may have, and moves it).
 */

/** What moves with a room beside its app's state: sessions, attachments, what was sent and may have to be sent again, timers. */
export const headLimits = { bytesMax: 96 * 1024 * 1024, depthMax: 8, itemsMax: 4_000_000 };

/** Above it a room's sessions, each with the longest protocol, would not fit beside what else moves. */
export const sessionsMaxLimit = 40_000;

/** Of timers, works, and keys of latest messages. */
export const nameLengthMax = 256;
