import { createServer } from "node:net";
import { RoomgateError } from "../wire/errors.ts";

/**
 * Rejects with a `RoomgateError` (`port-taken`, `listen-failed`) where somebody listens there. Gateways share their port with each
 * other, so a second cluster would share it with the first, and neither would notice.
 */
export async function assertPortFree(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
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
