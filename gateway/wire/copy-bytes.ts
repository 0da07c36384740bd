import { Buffer } from "node:buffer";

/** Up to here an array lies with its object on the heap; beyond, the pool that Buffer keeps is cheaper than an allocation of its own. */
const heapBytesMax = 64;

/** Bytes that nobody else will change: most messages are small, and half the cost of `Buffer.from` is not the copy. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length <= heapBytesMax ? new Uint8Array(bytes) : Buffer.from(bytes);
}
