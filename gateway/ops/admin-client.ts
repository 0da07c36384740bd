import { RoomgateError } from "../wire/errors.ts";
import type { GatewayStatus, MoveReport, RoomStatus, ServerStatus, SkipReport } from "./cluster-control.ts";

/** The admin side of a running cluster. All calls reject with a `RoomgateError` (`admin-unreachable`, `admin-missing`, `admin-refused`). */
export interface AdminClient {
  servers(): Promise<readonly ServerStatus[]>;
  gateways(): Promise<readonly GatewayStatus[]>;
  rooms(query: Readonly<Record<string, string>>): Promise<readonly RoomStatus[]>;
  move(room: string, to: string): Promise<MoveReport>;
  skip(room: string, record: number): Promise<SkipReport>;
  drain(server: string): Promise<void>;
}

/** A move may take as long as copying the room's state does. */
const answerMsMax = 90_000;

export function createAdminClient(base: string): AdminClient {
  async function call(path: string, body?: object): Promise<unknown> {
    const method = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    let response: Response;
    try {
      response = await fetch(new URL(path, base), {
        ...method,
        headers: { "content-type": "application/json" },
        signal: AbortSignal.timeout(answerMsMax),
      });
    } catch (cause) {
      const why = reasonOf(cause);
      throw new RoomgateError("admin-unreachable", `no cluster answers at ${base} (${why}); --admin names another`, {
        cause,
        retryable: true,
      });
    }
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    // What every admin side has is missing only where there is none.
    if (response.status === 404 && /^\/api\/(servers|gateways|rooms\?)/.test(path) && body === undefined) {
      throw new RoomgateError("admin-missing", `${base} is no admin side of a cluster; --admin names another`);
    }
    const detail = (answer as { detail?: unknown } | undefined)?.detail;
    throw new RoomgateError(
      "admin-refused",
      typeof detail === "string" ? detail : `${base} answered ${response.status}`,
    );
  }

  const roomPath = (room: string): string => room.split("/").map(encodeURIComponent).join("/");
  return {
    servers: async () => (await call("/api/servers")) as readonly ServerStatus[],
    gateways: async () => (await call("/api/gateways")) as readonly GatewayStatus[],
    rooms: async (query) => (await call(`/api/rooms?${new URLSearchParams(query)}`)) as readonly RoomStatus[],
    move: async (room, to) => (await call(`/api/rooms/${roomPath(room)}/move`, { to })) as MoveReport,
    skip: async (room, record) => (await call(`/api/rooms/${roomPath(room)}/skip`, { record })) as SkipReport,
    drain: async (server) => {
      await call(`/api/servers/${encodeURIComponent(server)}/drain`, {});
    },
  };
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  for (const why of [cause?.code, cause?.message]) if (typeof why === "string" && why !== "") return why;
  return error instanceof Error ? error.message : String(error);
}

/** The one id that `text` names: itself, `s2` for `s2-ab3d`, or any other beginning that only one id has. */
export function matchId(text: string, ids: readonly string[]): string {
  if (ids.includes(text)) return text;
  const byNumber = ids.filter((id) => id.startsWith(`${text}-`));
  const matches = byNumber.length > 0 ? byNumber : ids.filter((id) => id.startsWith(text));
  const [match, another] = matches;
  const known = ids.length === 0 ? "there are none" : `there are ${ids.join(", ")}`;
  if (match === undefined) throw new RoomgateError("no-such-server", `there is no server ${text}; ${known}`);
  if (another !== undefined) throw new RoomgateError("ambiguous", `${text} may be ${matches.join(" or ")}`);
  return match;
}
