/**
 * What rooms of the simulation do by themselves says in its name all that its judge must know: a name is all of it that the journal has,
 * and it is there also where the turn appended nothing.
 */
export interface DoingName {
  /** Never given again in a run. */
  readonly id: number;
  /** How many further things may follow from it. */
  readonly depth: number;
  /** Of a timer its delay, of work how long it takes. */
  readonly ms: number;
  /** When it was named, by the simulation's clock. */
  readonly atMs: number;
}

export function nameDoing({ id, depth, ms, atMs }: DoingName): string {
  return `${id} ${depth} ${ms} ${atMs}`;
}

export function readDoing(name: string): DoingName {
  const [id = 0, depth = 0, ms = 0, atMs = 0] = name.split(" ").map(Number);
  return { id, depth, ms, atMs };
}

/** Timers under names that are used again and again. How they were set stands in an entry. */
export const slotNames = ["slot-0", "slot-1"] as const;

export const isSlot = (name: string): boolean => name.startsWith("slot-");
