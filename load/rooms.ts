import type { Apps, Message, Room, RoomContext, Session } from "roomgate/room";
import { ledger } from "./ledger.ts";

/** Every frame back to its sender, as the type it came in. Stateless, so a new owner has nothing to restore. */
function createEcho(): Room {
  return { onMessage: (session, message) => session.send(asSent(message)) };
}

/** Every frame to all members, its sender too. */
function createFan(room: RoomContext): Room {
  return { onMessage: (_session: Session, message: Message) => room.broadcast(asSent(message)) };
}

/** A string goes out as a text frame and bytes as a binary one, so the frame's type is kept. Both are copied by `send`. */
function asSent(message: Message): string | Uint8Array {
  return message.isText ? message.text() : message.bytes;
}

/** Rooms of the load scenarios and the benchmark: CONTRACT, "Apps of the default cluster". */
export const apps: Apps = {
  echo: { durability: "memory", create: createEcho },
  fan: { durability: "memory", create: createFan },
  ledger,
};
