import type { AppDefinition, Room, RoomContext, Session } from "../../../gateway/room/sdk.ts";
import { ledger } from "../../../load/ledger.ts";

/** What pulses tell about themselves from within. */
export interface PulseWatch {
  joined(session: Session): void;
  said(room: string, frame: PulseFrame): void;
}

/** A ledger's frame, and the epoch in which it was said. */
export interface PulseFrame {
  readonly epoch: number;
  readonly total?: number;
  readonly n?: number;
  readonly body?: string;
}

export const pulseIntervalMs = 100;

/** A ledger whose output does not wait: what it says leaves at once, and reaches the store within an interval. */
export function pulseApp(watch: PulseWatch): AppDefinition {
  return { ...ledger, durability: { intervalMs: pulseIntervalMs }, idleMs: 600, create: (room) => pulse(room, watch) };
}

function pulse(room: RoomContext, watch: PulseWatch): Room {
  const dated = (text: string): string => JSON.stringify({ ...JSON.parse(text), epoch: room.epoch });
  const inner = ledger.create({
    append: (entry: Uint8Array) => room.append(entry),
    broadcast: (text: string) => {
      const frame = dated(text);
      watch.said(room.key, JSON.parse(frame));
      room.broadcast(frame);
    },
  } as unknown as RoomContext);
  return {
    onJoin: (session, request) => {
      watch.joined(session);
      inner.onJoin?.({ send: (text: string) => session.send(dated(text)) } as unknown as Session, request);
    },
    onMessage: (session, message) => inner.onMessage(session, message),
    apply: (entry) => inner.apply?.(entry),
    snapshot: () => inner.snapshot?.() ?? new Uint8Array(0),
    restore: (snapshot) => inner.restore?.(snapshot),
  };
}
