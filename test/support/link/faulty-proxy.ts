import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP relay with the faults of a network between two processes of this machine. */
export interface FaultyProxy {
  /** `host:port` to dial instead of the target. */
  readonly address: string;
  /** Passes nothing on, in both directions; connections stay open, new ones are taken and left without answer. */
  hold(): void;
  release(): void;
  /** Breaks all connections, on both sides. */
  reset(): void;
  close(): Promise<void>;
}

export async function openFaultyProxy(target: string): Promise<FaultyProxy> {
  const [host = "", port = ""] = target.split(":");
  const sockets = new Set<Socket>();
  let isHeld = false;
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    if (isHeld) socket.pause();
    return socket;
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host, port: Number(port), allowHalfOpen: true });
    relay(track(near), track(far), () => isHeld);
    relay(far, near, () => isHeld);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const setHeld = (value: boolean): void => {
    isHeld = value;
    for (const socket of sockets) {
      if (value) socket.pause();
      else socket.resume();
    }
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => setHeld(true),
    release: () => setHeld(false),
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function relay(from: Socket, to: Socket, isHeld: () => boolean): void {
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => {
    if (!isHeld()) from.resume();
  });
  from.on("end", () => to.end());
  from.on("close", (hadError) => {
    if (hadError) to.destroy();
  });
}
