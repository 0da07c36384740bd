/**
 * Flags of V8 for gateways and servers. Sockets read into memory outside of the heap, and V8 counts that against the size of a heap of
 * a few megabytes: with a heavy stream of messages it would mark the whole heap many times a second to free what the next collection of
 * young objects frees anyway. A limit that starts higher ends that, and reserves no memory.
 */
export const heapFlags: readonly string[] = ["--initial-old-space-size=128"];
