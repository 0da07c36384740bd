/** One numbered message of a crowd's client. */
export interface CrowdMessage {
  /** Which member of the room has sent it, from 0. */
  readonly slot: number;
  /** 0 to say that the sender is there, then from 1. */
  readonly number: number;
  readonly sentMs: number;
}

export interface ReturnedMessage extends CrowdMessage {
  /** Of `witness` rooms: who runs the room, and the how-manieth message of the room it is. */
  readonly owner: { readonly pid: number; readonly epoch: number; readonly place: number } | undefined;
}

const messageBytes = 16;
/** What `witness-rooms.mjs` puts in front: u32 pid, u32 epoch, f64 place. */
const ownerBytes = 16;

export function encodeMessage({ slot, number, sentMs }: CrowdMessage, asText: boolean): string | Buffer {
  if (asText) return `${slot} ${number} ${sentMs}`;
  const bytes = Buffer.allocUnsafe(messageBytes);
  bytes.writeUInt32LE(slot, 0);
  bytes.writeUInt32LE(number, 4);
  bytes.writeDoubleLE(sentMs, 8);
  return bytes;
}

/** `undefined` for what {@link encodeMessage} did not make. */
export function decodeMessage(data: Buffer, isBinary: boolean, isWitnessed: boolean): ReturnedMessage | undefined {
  if (!isBinary) {
    const [slot, number, sentMs, ...more] = data.toString("latin1").split(" ").map(Number);
    if (slot === undefined || number === undefined || sentMs === undefined || more.length > 0) return undefined;
    return Number.isNaN(slot + number + sentMs) ? undefined : { slot, number, sentMs, owner: undefined };
  }
  const start = isWitnessed ? ownerBytes : 0;
  if (data.length !== start + messageBytes) return undefined;
  return {
    slot: data.readUInt32LE(start),
    number: data.readUInt32LE(start + 4),
    sentMs: data.readDoubleLE(start + 8),
    owner: isWitnessed
      ? { pid: data.readUInt32LE(0), epoch: data.readUInt32LE(4), place: data.readDoubleLE(8) }
      : undefined,
  };
}
