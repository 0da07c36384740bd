import { performance } from "node:perf_hooks";
import type { Apps } from "roomgate/room";
import { ArenaRoom, awayMsMax } from "./arena-room.ts";
import { BoardRoom } from "./board-room.ts";
import { LobbyRoom } from "./lobby-room.ts";
import { playersMax } from "./rules/messages.ts";
import { tickHz } from "./rules/timing.ts";
import { savedArenaVersion } from "./saved-arena.ts";

/** Sessions that find no place are told so by the room: they are in for a moment. */
const atTheDoorMax = 50;

/** The apps of the game. A page sends 32 messages a second at most: five times that is no page, however the network has bunched them. */
export const apps: Apps = {
  game: {
    durability: "commit",
    version: savedArenaVersion,
    create: (room) => new ArenaRoom(room),
    tickHz,
    messageBytesMax: 512,
    messagesPerSecondMax: 160,
    sessionsMax: playersMax + atTheDoorMax,
    stateBytesMax: 1024 * 1024,
    // Everybody's last minute has passed by then.
    idleMs: awayMsMax + 15_000,
  },
  board: {
    durability: "commit",
    version: "board-1",
    create: (room) => new BoardRoom(room),
    messageBytesMax: 64,
    messagesPerSecondMax: 4,
    stateBytesMax: 1024 * 1024,
  },
  lobby: {
    durability: "commit",
    version: "lobby-1",
    create: (room) => new LobbyRoom(room, () => performance.now()),
    messageBytesMax: 4096,
    messagesPerSecondMax: 8,
    stateBytesMax: 4 * 1024 * 1024,
  },
};
