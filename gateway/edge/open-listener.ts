import type { Logger } from "../wire/runtime.ts";
import { type ListenerEngine, prefersUws } from "../wire/uws-binary.ts";
import type { Listener, ListenerOptions, Site } from "./listener.ts";
import { listenUws } from "./listener-uws.ts";
import { listenWs } from "./listener-ws.ts";

const warning = "clients are served by the slower ws listener: uWebSockets.js has no binary that loads here";

/** Rejects like `OpenListener`. A port that is taken is taken: `auto` falls back for a missing binary only. */
export async function openListener(
  engine: ListenerEngine,
  options: ListenerOptions,
  site: Site,
  log: Logger,
): Promise<Listener> {
  return (await prefersUws(engine, log, warning)) ? listenUws(options, site) : listenWs(options, site);
}
