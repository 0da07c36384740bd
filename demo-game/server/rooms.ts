import type { Apps } from "roomgate/room";
import { ArenaRoom } from "./arena-room.ts";
import { playersMax } from "./rules/messages.ts";
import { tickHz } from "./rules/timing.ts";
import { savedWorldVersion } from "./saved-world.ts";

/** The app `game`. A page sends 21 messages a second at most, so three times that is somebody else. */
export const apps: Apps = {
  game: {
    durability: "memory",
    version: savedWorldVersion,
    create: (room) => new ArenaRoom(room),
    tickHz,
    messageBytesMax: 256,
    messagesPerSecondMax: 64,
    sessionsMax: playersMax,
    stateBytesMax: 1024 * 1024,
  },
};
