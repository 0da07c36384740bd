/**
 * k6's `crypto.getRandomValues` puts one random byte into each number of an array, however wide it is: ids of 32 bits, as those of Yjs
 * replicas, are 0 to 255 then, and soon there are two of the same. To be imported before whatever keeps that function. Nothing changes
 * where numbers are filled to their whole width.
 */
export interface RandomSource {
  getRandomValues<T extends IntegerArray>(values: T): T;
}

type IntegerArray = Parameters<typeof globalThis.crypto.getRandomValues>[0];

export function fillsBytesOnly(source: RandomSource): boolean {
  return source.getRandomValues(new Uint32Array(8)).every((value) => value < 256);
}

export function widened<Source extends RandomSource>(source: Source): Source {
  const getRandomValues = <T extends IntegerArray>(values: T): T => {
    source.getRandomValues(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return values;
  };
  return { ...source, getRandomValues };
}

if (fillsBytesOnly(globalThis.crypto)) {
  Object.defineProperty(globalThis, "crypto", { value: widened(globalThis.crypto), configurable: true });
}
