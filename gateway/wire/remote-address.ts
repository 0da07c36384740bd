const mappedPrefix = "::ffff:";

/** Textual form of an address of 4 or 16 bytes. An IPv4 client is written as such also where the socket listens on IPv6. */
export function addressOfBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return "";
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (isMapped) return bytes.subarray(12).join(".");
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** The same for an address that Node wrote down; empty where the client is gone already. */
export function addressOfText(text: string | undefined): string {
  if (text === undefined) return "";
  return text.startsWith(mappedPrefix) && text.includes(".") ? text.slice(mappedPrefix.length) : text;
}
