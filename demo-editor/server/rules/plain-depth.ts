/** Whether plain data nests at most `levelsMax` deep. What nests deeper makes recursive readers and writers run out of stack. */
export function isShallow(value: unknown, levelsMax: number): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return true;
  if (levelsMax === 0) return false;
  return Object.values(value).every((inner) => isShallow(inner, levelsMax - 1));
}
