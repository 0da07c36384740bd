import type { Apps } from "roomgate/room";
import { ArenaRoom, awayMsMax } from "./arena-room.ts";
import { playersMax } from "./rules/messages.ts";
import { tickHz } from "./rules/timing.ts";
import { savedArenaVersion } from "./saved-arena.ts";

/** Sessions that find no place are told so by the room: they are in for a moment. */
const atTheDoorMax = 50;

/** The app `game`. A page sends 32 messages a second at most, so three times that is somebody else. */
export const apps: Apps = {
  game: {
    durability: "commit",
    version: savedArenaVersion,
    create: (room) => new ArenaRoom(room),
    tickHz,
    messageBytesMax: 512,
    messagesPerSecondMax: 96,
    sessionsMax: playersMax + atTheDoorMax,
    stateBytesMax: 1024 * 1024,
    // Everybody's last minute has passed by then.
    idleMs: awayMsMax + 15_000,
  },
};
