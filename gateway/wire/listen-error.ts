import { createServer } from "node:net";
import { RoomgateError } from "./errors.ts";

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Why a port could not be had, in one line for people and one code for machines. */
export function listenError(place: Place, cause: unknown): RoomgateError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const where = `${place.host}:${place.port}`;
  if (code === "EADDRINUSE") {
    return new RoomgateError("port-taken", `${where} is taken by another process`, { retryable: true, cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RoomgateError("listen-failed", `cannot listen on ${where}: ${reason}`, { cause });
}

/** The operating system's reason, for an engine that says only that it failed: binds the same place once more and asks. */
export function probeListenFailure(place: Place): Promise<unknown> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", resolve);
    probe.listen({ host: place.host, port: place.port, exclusive: true }, () => {
      probe.close(() => resolve(new Error("the operating system gave no reason")));
    });
  });
}
