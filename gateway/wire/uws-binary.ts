import type * as uWS from "uWebSockets.js";
import { RoomgateError } from "./errors.ts";
import { listenError, probeListenFailure } from "./listen-error.ts";
import type { Logger } from "./runtime.ts";

/** The binary has more than its types say: a constant, and a `listen` with both host and mode. */
export type Uws = typeof uWS & { readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number };
type Listen = (host: string, port: number, mode: number, done: (socket: uWS.us_listen_socket | false) => void) => void;

/** What listens: uWebSockets.js, Node's own server with `ws`, or, with `auto`, the first of them that loads. */
export type ListenerEngine = "auto" | "uws" | "ws";

/** All headers of a request. The library's own 4 KB refuse a large cookie. */
export const uwsHeaderBytesMax = 16_384;

/**
 * The binary of uWebSockets.js, loaded on demand. Rejects with `engine-missing` where there is none for this platform (Alpine,
 * newer majors of Node).
 */
export async function loadUws(): Promise<Uws> {
  // Read once, while the binary loads.
  process.env["UWS_HTTP_MAX_HEADERS_SIZE"] ??= String(uwsHeaderBytesMax);
  try {
    return (await import("uWebSockets.js")) as unknown as Uws;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RoomgateError("engine-missing", `uWebSockets.js does not load here: ${reason}`, { cause });
  }
}

/** Whether to listen on uWebSockets.js. Where `auto` finds no binary, `warning` goes to the log. */
export async function prefersUws(engine: ListenerEngine, log: Logger, warning: string): Promise<boolean> {
  if (engine !== "auto") return engine === "uws";
  try {
    await loadUws();
    return true;
  } catch (error) {
    // EDGE-8: a missing binary costs speed, not service.
    if (!(error instanceof RoomgateError)) throw error;
    const { version, platform, arch } = process;
    log.warn({ reason: error.message, node: version, platform, arch }, warning);
    return false;
  }
}

/** Rejects with a `RoomgateError` (`port-taken`, `listen-failed`). With `sharePort`, other processes may listen there too. */
export async function listenOnUws(
  uws: Uws,
  app: uWS.TemplatedApp,
  where: { readonly host: string; readonly port: number; readonly sharePort?: boolean },
): Promise<uWS.us_listen_socket> {
  const { host, port } = where;
  const mode = where.sharePort === true ? 0 : uws.LIBUS_LISTEN_EXCLUSIVE_PORT;
  const listenSocket = await new Promise<uWS.us_listen_socket | false>((resolve) => {
    (app.listen as unknown as Listen).call(app, host, port, mode, resolve);
  });
  if (listenSocket !== false) return listenSocket;
  throw listenError(where, await probeListenFailure(where));
}
