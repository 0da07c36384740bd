import type * as uWS from "uWebSockets.js";
import { addressOfBytes } from "../wire/remote-address.ts";
import { listenOnUws, loadUws } from "../wire/uws-binary.ts";
import { Admissions } from "./admissions.ts";
import { HeaderMap } from "./header-map.ts";
import { KeepAlive } from "./keep-alive.ts";
import type { Listener, ListenerOptions, PlainReply, Site, UpgradeRequest } from "./listener.ts";
import { problemReply } from "./problem-reply.ts";
import { isBodiless, replyBody, replyHeaders, statusText } from "./reply-parts.ts";
import { checkRequest, hasBody } from "./upgrade-check.ts";
import { UwsSocket, type UwsSocketShared, type UwsUserData } from "./uws-socket.ts";

/** Largest number that uWebSockets.js takes for a size. */
const uwsBytesMax = 2 ** 31 - 1;
/** Bodies above this go out in pieces, as the client takes them, instead of being copied whole. */
const wholeBodyBytesMax = 64 * 1024;

/**
 * Listens on uWebSockets.js.
 *
 * What it does by itself and we cannot change: a client that breaks the WebSocket protocol or sends invalid UTF-8 is cut off
 * without a close frame, and so is one whose message is beyond four times `messageBytesMax`. It hangs up right after its close
 * frame; a client that does not hang up in turn is cut off 4 to 20 s later. A client's close code outside of 1000 to 1011 and
 * 4000 to 4999 is reported as 1006.
 */
export async function listenUws(options: ListenerOptions, site: Site): Promise<Listener> {
  const uws = await loadUws();
  const keepAlive = new KeepAlive(options);
  const { messageBytesMax, sendBufferBytesMax } = options;
  const front = new UwsFront(site, { messageBytesMax, sendBufferBytesMax, keepAlive });
  const app = uws
    .App()
    .ws<UwsUserData>("/*", {
      compression: 0,
      // Up to here the client gets a close frame that says 1009; beyond, uWebSockets.js hangs up without one.
      maxPayloadLength: Math.min(uwsBytesMax, messageBytesMax * 4),
      maxBackpressure: Math.min(uwsBytesMax, sendBufferBytesMax),
      sendPingsAutomatically: false,
      idleTimeout: idleTimeoutSeconds(options),
      upgrade: (response, request, context) => front.receive(response, request, context),
      open: (ws) => ws.getUserData().socket.opened(ws),
      message: (ws, bytes, isBinary) => socketOf(ws).received(bytes, !isBinary),
      pong: (ws) => ws.getUserData().socket.heard(),
      ping: (ws) => ws.getUserData().socket.heard(),
      drain: (ws) => ws.getUserData().socket.drained(),
      close: (ws, code) => ws.getUserData().socket.nativeClosed(code),
    })
    .any("/*", (response, request) => front.receive(response, request, undefined));
  let listenSocket: uWS.us_listen_socket | undefined = await listenOnUws(uws, app, options);
  const port = uws.us_socket_local_port(listenSocket);
  keepAlive.start();

  const stopListening = (): void => {
    if (listenSocket !== undefined) uws.us_listen_socket_close(listenSocket);
    listenSocket = undefined;
  };
  const close = async (): Promise<void> => {
    stopListening();
    keepAlive.stop();
    for (const socket of keepAlive.sockets()) socket.endSilent();
    app.close();
  };
  return { port, engine: "uWebSockets.js", stopListening, close };
}

/** The user data are properties of the object itself in today's binaries: reading them there saves a call into native code per message. */
function socketOf(ws: uWS.WebSocket<UwsUserData> & Partial<UwsUserData>): UwsSocket {
  return ws.socket ?? ws.getUserData().socket;
}

/** The net below our own keep-alive, in what uWebSockets.js takes: 8 to 960 s, or 0 for none. */
function idleTimeoutSeconds(options: ListenerOptions): number {
  const seconds = Math.ceil((options.silenceMsMax + 2 * options.pingEveryMs) / 1_000);
  return seconds > 960 ? 0 : Math.max(8, seconds);
}

/** Requests as they come in: answered, refused, or made into sockets. */
class UwsFront {
  readonly #site: Site;
  readonly #admissions: Admissions;
  readonly #shared: UwsSocketShared;

  constructor(site: Site, shared: UwsSocketShared) {
    this.#site = site;
    this.#admissions = new Admissions(site);
    this.#shared = shared;
  }

  /** `context` is there where uWebSockets.js would upgrade; it passes on what has no key of the right length as plain. */
  receive(response: uWS.HttpResponse, request: uWS.HttpRequest, context: uWS.us_socket_context_t | undefined): void {
    try {
      this.#receive(response, request, context);
    } catch (error) {
      // A request without an answer makes uWebSockets.js abort the process; an error of ours takes the way of every other.
      response.close();
      throw error;
    }
  }

  #receive(response: uWS.HttpResponse, request: uWS.HttpRequest, context: uWS.us_socket_context_t | undefined): void {
    const header = copyHeaders(request).get;
    const method = request.getCaseSensitiveMethod();
    const line = { method, path: request.getUrl(), query: request.getQuery() ?? "", header };
    const check = checkRequest(line);
    if (check.kind === "plain") {
      writeReply(response, method, this.#site.respond(line), hasBody(header));
    } else if (check.kind === "refuse") {
      writeReply(response, method, check.reply, true);
    } else if (context === undefined) {
      writeReply(response, method, problemReply(400, "Sec-WebSocket-Key must be 16 bytes in base64"), true);
    } else {
      const { path, query } = line;
      const remoteAddress = addressOfBytes(new Uint8Array(response.getRemoteAddress()));
      this.#admit(response, context, check.key, { path, query, protocols: check.protocols, header, remoteAddress });
    }
  }

  #admit(response: uWS.HttpResponse, context: uWS.us_socket_context_t, key: string, request: UpgradeRequest): void {
    let isGone = false;
    response.onAborted(() => {
      isGone = true;
    });
    this.#admissions.decide(request, (admission) => {
      // EDGE-5: the response object of a client that is gone must not be touched.
      if (isGone) return;
      response.cork(() => {
        if (admission.kind === "refuse") {
          writeReply(response, "GET", admission.reply, true);
          return;
        }
        const socket = new UwsSocket(this.#shared, admission.attach);
        // No extensions: nothing is compressed.
        response.upgrade<UwsUserData>({ socket }, key, admission.protocol ?? "", "", context);
      });
    });
  }
}

function copyHeaders(request: uWS.HttpRequest): HeaderMap {
  const headers = new HeaderMap();
  request.forEach((name, value) => {
    headers.add(name, value);
  });
  return headers;
}

function writeReply(response: uWS.HttpResponse, method: string, reply: PlainReply, isLast: boolean): void {
  response.writeStatus(statusText(reply.status));
  for (const [name, value] of replyHeaders(reply)) response.writeHeader(name, value);
  const body = replyBody(reply);
  const hasNone = method === "HEAD" || isBodiless(reply.status);
  if (hasNone && isLast) {
    response.end("", true);
  } else if (hasNone) {
    // Not as an argument: uWebSockets.js would then wait for a body of that length.
    if (method === "HEAD") response.writeHeader("content-length", String(body.byteLength));
    response.endWithoutBody();
  } else if (isLast || body.byteLength <= wholeBodyBytesMax) {
    response.end(body, isLast);
  } else {
    writeInPieces(response, body);
  }
}

function writeInPieces(response: uWS.HttpResponse, body: Uint8Array): void {
  const [, isComplete] = response.tryEnd(body, body.byteLength);
  if (isComplete) return;
  response.onAborted(() => {});
  response.onWritable((offset) => response.tryEnd(body.subarray(offset), body.byteLength)[0]);
}
