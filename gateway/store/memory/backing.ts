import type { Epoch, RoomKey, ServerId } from "../../wire/ids.ts";
import type { MemberRecord, Position, Snapshot } from "../port.ts";

/** What memory stores of one process share, as the engines on disk share a directory. */
export interface MemoryBacking {
  readonly rooms: Map<RoomKey, MemoryRoom>;
  readonly members: Map<MemberRecord["id"], MemberRecord>;
  /** Bytes of records and snapshots that are kept. */
  usedBytes: number;
  /** Above this, appends and snapshots answer `unavailable`, as on a full disk. */
  readonly bytesMax: number;
}

export interface MemoryRoom {
  epoch: Epoch;
  tail: Position;
  owner: ServerId | null;
  mustRun: boolean;
  /** Records up to here are gone. */
  trimmed: Position;
  /** Positions `trimmed + 1` to `tail`. */
  records: MemoryRecord[];
  snapshot: (Snapshot & { readonly epoch: Epoch }) | undefined;
}

export interface MemoryRecord {
  readonly epoch: Epoch;
  readonly kind: "data" | "fence";
  readonly bytes: Uint8Array;
}

/** An empty one. `bytesMax` is 1 GiB unless given. */
export function createMemoryBacking(options: { readonly bytesMax?: number } = {}): MemoryBacking {
  return { rooms: new Map(), members: new Map(), usedBytes: 0, bytesMax: options.bytesMax ?? 1024 ** 3 };
}
