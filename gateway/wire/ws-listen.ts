import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { listenError } from "./listen-error.ts";
import type { ListenPipe, Pipe, PipeHandler } from "./pipe.ts";
import type { Logger } from "./runtime.ts";
import { trunkPath, trunkSubprotocol, WsPipe, wsLimits } from "./ws-pipe.ts";

export interface WsListenOptions {
  readonly log: Logger;
  /** Peers that have not proved themselves yet; above it an upgrade is answered 503. Default 64. */
  readonly untrustedMax?: number;
  /** Sockets in all; above it they are dropped as they come. Default 4 096. */
  readonly socketsMax?: number;
}

const requestMsMax = 3_000;
const headerBytesMax = 8 * 1024;

/** Listens for WebSockets on the trunk's path and answers everything else with 404, 426, 400 or 503. */
export function createWsListenPipe(options: WsListenOptions): ListenPipe {
  const untrustedMax = options.untrustedMax ?? 64;
  const socketsMax = options.socketsMax ?? 4_096;
  return async ({ host, port }, attach) => {
    const server = createServer({
      headersTimeout: requestMsMax,
      requestTimeout: requestMsMax,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: headerBytesMax,
    });
    server.maxConnections = socketsMax;
    const sockets = trackSockets(server);
    server.on("request", (request, response) => {
      const status = pathOf(request) === trunkPath ? 426 : 404;
      response.writeHead(status, refusalHeaders(status)).end();
    });
    acceptUpgrades(server, untrustedMax, attach, options.log);
    await listen(server, host, port);
    server.on("error", (error) => options.log.error({ code: (error as NodeJS.ErrnoException).code }, "trunk listener"));
    let closed: Promise<void> | undefined;
    const stopListening = (): Promise<void> => {
      closed ??= new Promise((resolve) => server.close(() => resolve()));
      return closed;
    };
    return {
      address: addressOf(server),
      stopListening: () => void stopListening(),
      close: () => {
        const done = stopListening();
        for (const socket of sockets) socket.destroy();
        return done;
      },
    };
  };
}

function acceptUpgrades(server: Server, untrustedMax: number, attach: (pipe: Pipe) => PipeHandler, log: Logger): void {
  const acceptor = new WebSocketServer({
    ...wsLimits,
    noServer: true,
    clientTracking: false,
    handleProtocols: () => trunkSubprotocol,
  });
  let untrusted = 0;
  server.on("upgrade", (request, stream, head) => {
    const status = upgradeRefusal(request, untrusted < untrustedMax);
    if (status !== undefined) {
      log.warn({ address: request.socket.remoteAddress, status }, "trunk upgrade refused");
      refuseUpgrade(stream, status);
      return;
    }
    acceptor.handleUpgrade(request, stream, head, (socket) => {
      untrusted += 1;
      new WsPipe(socket, request.socket, attach, () => {
        untrusted -= 1;
      });
    });
  });
}

function upgradeRefusal(request: IncomingMessage, hasRoom: boolean): number | undefined {
  if (pathOf(request) !== trunkPath) return 404;
  if (request.headers.upgrade?.toLowerCase() !== "websocket") return 426;
  if (request.headers["sec-websocket-version"] !== "13") return 426;
  const offered = request.headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim()) ?? [];
  if (!offered.includes(trunkSubprotocol)) return 400;
  return hasRoom ? undefined : 503;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

function refusalHeaders(status: number): Record<string, string> {
  const headers: Record<string, string> = { Connection: "close", "Content-Length": "0" };
  if (status === 426) Object.assign(headers, { Upgrade: "websocket", "Sec-WebSocket-Version": "13" });
  if (status === 503) headers["Retry-After"] = "1";
  return headers;
}

function refuseUpgrade(stream: Duplex, status: number): void {
  stream.on("error", () => stream.destroy());
  stream.once("finish", () => stream.destroy());
  const lines = Object.entries(refusalHeaders(status)).map(([name, value]) => `${name}: ${value}`);
  stream.end([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines, "", ""].join("\r\n"));
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void => reject(listenError({ host, port }, cause));
    server.once("error", onError);
    server.listen(port, host, () => {
      server.removeListener("error", onError);
      resolve();
    });
  });
}

function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}
