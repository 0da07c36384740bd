import type { ListenPipe } from "./pipe.ts";
import type { Logger } from "./runtime.ts";
import { type ListenerEngine, prefersUws } from "./uws-binary.ts";
import { createUwsListenPipe } from "./uws-listen.ts";
import { createWsListenPipe } from "./ws-listen.ts";

const warning = "trunks are served by the slower ws listener: uWebSockets.js has no binary that loads here";

/** Listens with `engine`; with `uws`, listening rejects with `engine-missing` where there is no binary. */
export function createListenPipe(engine: ListenerEngine, log: Logger): ListenPipe {
  return async (where, attach) => {
    const create = (await prefersUws(engine, log, warning)) ? createUwsListenPipe : createWsListenPipe;
    return create({ log })(where, attach);
  };
}
