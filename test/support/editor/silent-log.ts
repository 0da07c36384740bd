import type { RoomContext } from "roomgate/room";

export const silentLog: RoomContext["log"] = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
