import { createServer } from "node:net";
import { RoomgateError } from "../wire/errors.ts";

/**
 * Resolves with `port`, or with a free one for 0. Rejects with a `RoomgateError` (`port-taken`, `listen-failed`) where somebody
 * listens there: gateways share their port with each other, so a second cluster would share it with the first, and neither would
 * notice. For the same reason gateways that share do not pick one themselves: the system may give a shared port twice.
 */
export async function obtainPort(host: string, port: number): Promise<number> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new RoomgateError(
        "port-taken",
        `port: another process listens on ${host}:${port}; choose another with --port`,
        { cause },
      );
    }
    throw new RoomgateError("listen-failed", `port: cannot listen on ${host}:${port}: ${message}`, { cause });
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
