import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { listenError } from "./listen-error.ts";
import type { ListenPipe, Pipe, PipeHandler } from "./pipe.ts";
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
import { WsPipe, wsLimits } from "./ws-pipe.ts";

const requestMsMax = 3_000;
const headerBytesMax = 8 * 1024;

/** Listens for trunks on Node's own server and `ws`, and answers everything else with 404, 426, 400 or 503: runs wherever Node runs. */
export function createWsListenPipe(options: TrunkListenLimits & { readonly log: Logger }): ListenPipe {
  const untrustedMax = options.untrustedMax ?? untrustedMaxDefault;
  const socketsMax = options.socketsMax ?? socketsMaxDefault;
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
      const status = plainRefusal(pathOf(request));
      response.writeHead(status, allRefusalHeaders(status)).end();
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
    const status = upgradeRefusal(factsOf(request), untrusted < untrustedMax);
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

function factsOf(request: IncomingMessage) {
  const { headers } = request;
  return {
    path: pathOf(request),
    upgrade: headers.upgrade ?? "",
    version: headers["sec-websocket-version"] ?? "",
    protocols: headers["sec-websocket-protocol"] ?? "",
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

function allRefusalHeaders(status: number): Record<string, string> {
  return { Connection: "close", "Content-Length": "0", ...Object.fromEntries(refusalHeaders(status)) };
}

function refuseUpgrade(stream: Duplex, status: number): void {
  stream.on("error", () => stream.destroy());
  stream.once("finish", () => stream.destroy());
  const lines = Object.entries(allRefusalHeaders(status)).map(([name, value]) => `${name}: ${value}`);
  stream.end([`HTTP/1.1 ${statusLine(status)}`, ...lines, "", ""].join("\r\n"));
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
