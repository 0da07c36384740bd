import { RoomgateError } from "../wire/errors.ts";
import type { Logger } from "../wire/runtime.ts";
import type { Listener, ListenerOptions, Site } from "./listener.ts";
import { listenUws, loadUws } from "./listener-uws.ts";
import { listenWs } from "./listener-ws.ts";

/** `auto`: uWebSockets.js where its binary loads, else `ws`. */
export type ListenerEngine = "auto" | "uws" | "ws";

/** Rejects like `OpenListener`. A port that is taken is taken: `auto` falls back for a missing binary only. */
export async function openListener(
  engine: ListenerEngine,
  options: ListenerOptions,
  site: Site,
  log: Logger,
): Promise<Listener> {
  if (engine === "ws" || (engine === "auto" && !(await uwsLoads(log)))) return listenWs(options, site);
  return listenUws(options, site);
}

async function uwsLoads(log: Logger): Promise<boolean> {
  try {
    await loadUws();
    return true;
  } catch (error) {
    // EDGE-8: a missing binary costs speed, not service.
    if (!(error instanceof RoomgateError)) throw error;
    log.warn(
      { reason: error.message, node: process.version, platform: process.platform, arch: process.arch },
      "clients are served by the slower ws listener: uWebSockets.js has no binary that loads here",
    );
    return false;
  }
}
