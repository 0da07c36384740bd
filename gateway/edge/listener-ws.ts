import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ServerOptions, WebSocketServer } from "ws";
import { listenError } from "../wire/listen-error.ts";
import { nodeSharesPorts, nodeThatSharesPorts } from "../wire/port-sharing.ts";
import { addressOfText } from "../wire/remote-address.ts";
import { Admissions } from "./admissions.ts";
import { type HeaderMap, headerMapOf } from "./header-map.ts";
import { KeepAlive } from "./keep-alive.ts";
import type { Admission, Listener, ListenerOptions, Site, UpgradeRequest } from "./listener.ts";
import { listenerLimits } from "./listener-limits.ts";
import { writeRawReply } from "./raw-reply.ts";
import { isBodiless, replyBody, replyHeaders } from "./reply-parts.ts";
import { checkRequest, hasBody, type RequestCheck } from "./upgrade-check.ts";
import { WsSocket, type WsSocketShared } from "./ws-socket.ts";

/** How often Node looks for requests that are not complete in time. */
const lateRequestsEveryMs = 2_000;
const headersCountMax = 100;

/** Listens on Node's own server and `ws`: slower and larger than uWebSockets.js, and runs wherever Node runs. */
export async function listenWs(options: ListenerOptions, site: Site): Promise<Listener> {
  const keepAlive = new KeepAlive(options);
  const front = new WsFront(
    site,
    { sendBufferBytesMax: options.sendBufferBytesMax, keepAlive },
    options.messageBytesMax,
  );
  const server = createServer({
    maxHeaderSize: listenerLimits.headerBytesMax,
    headersTimeout: listenerLimits.requestMsMax,
    requestTimeout: listenerLimits.requestMsMax,
    keepAliveTimeout: listenerLimits.requestMsMax,
    connectionsCheckingInterval: lateRequestsEveryMs,
    noDelay: true,
  });
  server.maxHeadersCount = headersCountMax;
  server.on("request", (request, response) => front.request(request, response));
  // A body is never read, so a client that asks first gets its answer instead of leave to send one.
  server.on("checkContinue", (request, response) => front.request(request, response));
  server.on("upgrade", (request, stream, head) => front.upgrade(request, stream, head));
  const port = await listen(server, options);
  keepAlive.start();

  const stopListening = (): void => {
    server.close();
  };
  const close = async (): Promise<void> => {
    const closed = server.listening ? new Promise((resolve) => server.once("close", resolve)) : undefined;
    stopListening();
    keepAlive.stop();
    front.close();
    for (const socket of keepAlive.sockets()) socket.endSilent();
    server.closeAllConnections();
    await closed;
  };
  return { port, engine: "ws", stopListening, close };
}

async function listen(server: Server, options: ListenerOptions): Promise<number> {
  const { host, port } = options;
  if (options.sharePort === true && !nodeSharesPorts(process.versions.node)) {
    const reason = `the ws listener shares a port from Node ${nodeThatSharesPorts} on, and this is ${process.versions.node}`;
    throw listenError(options, new Error(`${reason}: run one gateway, or use uWebSockets.js`));
  }
  // `exclusive` keeps Node's cluster module from sharing the port behind our back.
  const where = { host, port, exclusive: true, reusePort: options.sharePort === true };
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(listenError(options, cause)));
    server.listen(where, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Requests as they come in: answered, refused, or made into sockets. */
class WsFront {
  readonly #site: Site;
  readonly #shared: WsSocketShared;
  readonly #admissions: Admissions;
  readonly #upgrader: WebSocketServer;
  /** Which subprotocol the site chose, for the moment in which `ws` asks. */
  readonly #chosenProtocols = new WeakMap<IncomingMessage, string>();
  /** Connections that wait for the site's decision; Node's server does not know them any more. Bounded by `Admissions`. */
  readonly #undecided = new Set<Duplex>();

  constructor(site: Site, shared: WsSocketShared, messageBytesMax: number) {
    this.#site = site;
    this.#shared = shared;
    this.#admissions = new Admissions(site);
    // The types do not know `closeTimeout` yet.
    const upgrading: ServerOptions & { readonly closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: messageBytesMax,
      // Each fragment and each piece that the network delivers costs an object: bounded by count as well.
      maxFragments: 4_096,
      maxBufferedChunks: 1_024 + Math.ceil(messageBytesMax / 256),
      closeTimeout: listenerLimits.closeMsMax,
      handleProtocols: (_offered, request) => this.#chosenProtocols.get(request) ?? false,
    };
    this.#upgrader = new WebSocketServer(upgrading);
  }

  request(request: IncomingMessage, response: ServerResponse): void {
    const incoming = new Incoming(request);
    const check = incoming.check;
    // Node gives upgrades to `upgrade`: what comes here is never one.
    if (check.kind === "upgrade") return;
    const reply = check.kind === "refuse" ? check.reply : this.#site.respond(incoming.plain);
    if (check.kind === "refuse" || hasBody(incoming.headers.get)) response.shouldKeepAlive = false;
    const body = replyBody(reply);
    const length = isBodiless(reply.status) ? {} : { "content-length": body.byteLength };
    response.writeHead(reply.status, { ...Object.fromEntries(replyHeaders(reply)), ...length });
    response.end(body);
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on("error", () => stream.destroy());
    const incoming = new Incoming(request);
    const check = incoming.check;
    if (check.kind === "refuse") {
      writeRawReply(stream, incoming.method, check.reply);
    } else if (check.kind === "plain") {
      writeRawReply(stream, incoming.method, this.#site.respond(incoming.plain));
    } else {
      this.#undecided.add(stream);
      stream.once("close", () => this.#undecided.delete(stream));
      this.#admissions.decide(incoming.upgrade(check.protocols), (admission) =>
        this.#conclude(admission, request, stream, head),
      );
    }
  }

  close(): void {
    for (const stream of this.#undecided) stream.destroy();
  }

  #conclude(admission: Admission, request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.#undecided.delete(stream);
    // EDGE-5: the client is gone, or hung up while the site thought about it.
    if (stream.destroyed || !stream.readable || !stream.writable) {
      stream.destroy();
      return;
    }
    if (admission.kind === "refuse") {
      writeRawReply(stream, "GET", admission.reply);
      return;
    }
    if (admission.protocol !== undefined) this.#chosenProtocols.set(request, admission.protocol);
    this.#upgrader.handleUpgrade(request, stream, head, (ws) => {
      new WsSocket(ws, stream, this.#shared).attach(admission.attach);
    });
  }
}

/** One request, taken apart the same way for every path that it may go. */
class Incoming {
  readonly headers: HeaderMap;
  readonly method: string;
  readonly #path: string;
  readonly #query: string;
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    const target = request.url ?? "";
    const mark = target.indexOf("?");
    this.#request = request;
    this.headers = headerMapOf(request.rawHeaders);
    this.method = request.method ?? "";
    this.#path = mark < 0 ? target : target.slice(0, mark);
    this.#query = mark < 0 ? "" : target.slice(mark + 1);
  }

  get check(): RequestCheck {
    return checkRequest({ method: this.method, path: this.#path, query: this.#query, header: this.headers.get });
  }

  get plain() {
    return { method: this.method, path: this.#path, query: this.#query, header: this.headers.get };
  }

  upgrade(protocols: readonly string[]): UpgradeRequest {
    const remoteAddress = addressOfText((this.#request.socket as Socket).remoteAddress);
    return { path: this.#path, query: this.#query, protocols, header: this.headers.get, remoteAddress };
  }
}
