import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface DelayProxy {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A TCP relay to a port of this machine that lets each piece of data wait for `delayMs` ± `jitterMs`, in both directions. Order is kept,
 * as in TCP itself: what is late holds up what comes behind it.
 */
export async function openDelayProxy(port: number, delayMs: number, jitterMs: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host: "127.0.0.1", port });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    const wait = (): number => delayMs + (Math.random() * 2 - 1) * jitterMs;
    relay(near, far, wait);
    relay(far, near, wait);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function relay(from: Socket, to: Socket, waitMs: () => number): void {
  let lastMs = 0;
  const later = (task: () => void): void => {
    const nowMs = performance.now();
    lastMs = Math.max(lastMs, nowMs + waitMs());
    setTimeout(task, lastMs - nowMs);
  };
  from.on("data", (chunk) => later(() => void to.write(chunk)));
  from.on("end", () => later(() => to.end()));
  from.on("close", () => later(() => to.destroy()));
}
