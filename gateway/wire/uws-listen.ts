import type * as uWS from "uWebSockets.js";
import { lookup } from "node:dns/promises";
import { listenError } from "./listen-error.ts";
import { pieceBytes } from "./message-pieces.ts";
import type { ListenPipe, Pipe, PipeHandler } from "./pipe.ts";
import { addressOfBytes } from "./remote-address.ts";
import type { Logger } from "./runtime.ts";
import {
  plainRefusal,
  refusalHeaders,
  socketsMaxDefault,
  statusLine,
  type TrunkListenLimits,
  trunkSubprotocol,
  untrustedMaxDefault,
  upgradeRefusal,
} from "./trunk-upgrade.ts";
import { listenOnUws, loadUws } from "./uws-binary.ts";
import { UwsPipe, type UwsPipeData } from "./uws-pipe.ts";

/**
 * Listens for trunks on uWebSockets.js, like `ws-listen.ts` on Node's own server: a wake of the process costs half as much. What the library does
 * by itself and we cannot change: it hangs up without a close frame on a peer that breaks the WebSocket protocol or sends a longer WebSocket message
 * than it may, and gives a request 10 s.
 */
export function createUwsListenPipe(options: TrunkListenLimits & { readonly log: Logger }): ListenPipe {
  return async ({ host, port }, attach) => {
    const uws = await loadUws();
    const { address, family } = await addressOf(host, port);
    const app = uws.App();
    const front = new UwsTrunkFront(options, attach);
    app
      .filter((response, change) => front.socketsChanged(response, change))
      .ws<UwsPipeData>("/*", {
        compression: 0,
        maxPayloadLength: pieceBytes,
        // Links bound what waits: a message that is dropped would be a gap.
        maxBackpressure: 0,
        sendPingsAutomatically: false,
        idleTimeout: 0,
        upgrade: (response, request, context) => front.upgrade(response, request, context),
        open: (ws) => ws.getUserData().pipe.opened(ws),
        message: (ws, bytes, isBinary) => pipeOf(ws).received(bytes, isBinary),
        pong: (ws) => ws.getUserData().pipe.ponged(),
        drain: (ws) => ws.getUserData().pipe.drained(),
        close: (ws, code, reason) => {
          front.trunkClosed();
          ws.getUserData().pipe.closed(code, Buffer.from(reason).toString("utf8"));
        },
      })
      .any("/*", (response, request) => refuse(response, plainRefusal(request.getUrl())));
    let listenSocket: uWS.us_listen_socket | undefined = await listenOnUws(uws, app, { host: address, port });
    const boundPort = uws.us_socket_local_port(listenSocket);
    const stopListening = (): void => {
      if (listenSocket !== undefined) uws.us_listen_socket_close(listenSocket);
      listenSocket = undefined;
    };
    return {
      address: family === 6 ? `[${address}]:${boundPort}` : `${address}:${boundPort}`,
      stopListening,
      close: async () => {
        stopListening();
        app.close();
      },
    };
  };
}

/** The user data are properties of the object itself in today's binaries: reading them there saves a call into native code per message. */
function pipeOf(ws: uWS.WebSocket<UwsPipeData> & Partial<UwsPipeData>): UwsPipe {
  return ws.pipe ?? ws.getUserData().pipe;
}

/** Names mean to uWebSockets.js what they mean to Node's servers: their first address. */
async function addressOf(host: string, port: number): Promise<{ readonly address: string; readonly family: number }> {
  try {
    return await lookup(host);
  } catch (cause) {
    throw listenError({ host, port }, cause);
  }
}

/** Connections as they come in: counted, refused, or made into pipes. */
class UwsTrunkFront {
  readonly #untrustedMax: number;
  readonly #socketsMax: number;
  readonly #attach: (pipe: Pipe) => PipeHandler;
  readonly #log: Logger;
  #untrusted = 0;
  #sockets = 0;

  constructor(options: TrunkListenLimits & { readonly log: Logger }, attach: (pipe: Pipe) => PipeHandler) {
    this.#untrustedMax = options.untrustedMax ?? untrustedMaxDefault;
    this.#socketsMax = options.socketsMax ?? socketsMaxDefault;
    this.#attach = attach;
    this.#log = options.log;
  }

  /** uWebSockets.js tells of every connection that comes, and of those that go before they are upgraded. */
  socketsChanged(response: uWS.HttpResponse, change: number): void {
    this.#sockets += change;
    if (change > 0 && this.#sockets > this.#socketsMax) response.close();
  }

  trunkClosed(): void {
    this.#sockets -= 1;
  }

  upgrade(response: uWS.HttpResponse, request: uWS.HttpRequest, context: uWS.us_socket_context_t): void {
    const facts = {
      path: request.getUrl(),
      upgrade: request.getHeader("upgrade"),
      version: request.getHeader("sec-websocket-version"),
      protocols: request.getHeader("sec-websocket-protocol"),
    };
    const address = addressOfBytes(new Uint8Array(response.getRemoteAddress()));
    const status = upgradeRefusal(facts, this.#untrusted < this.#untrustedMax);
    if (status !== undefined) {
      this.#log.warn({ address, status }, "trunk upgrade refused");
      refuse(response, status);
      return;
    }
    this.#untrusted += 1;
    const pipe = new UwsPipe(address, this.#attach, () => {
      this.#untrusted -= 1;
    });
    const key = request.getHeader("sec-websocket-key");
    // No extensions: nothing is compressed.
    response.upgrade<UwsPipeData>({ pipe }, key, trunkSubprotocol, "", context);
  }
}

function refuse(response: uWS.HttpResponse, status: number): void {
  response.writeStatus(statusLine(status));
  for (const [name, value] of refusalHeaders(status)) response.writeHeader(name, value);
  response.end("", true);
}
