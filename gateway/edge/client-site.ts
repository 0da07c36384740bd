import type { RoomKey } from "../wire/ids.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { EdgeRooms } from "./edge-rooms.ts";
import type { GatewayStats } from "./gateway-stats.ts";
import type {
  Admission,
  ClientSocket,
  PlainReply,
  PlainRequest,
  Site,
  SocketHandler,
  UpgradeRequest,
} from "./listener.ts";
import type { Pages } from "./pages.ts";
import { problemReply } from "./problem-reply.ts";
import { RateLimit } from "./rate-limit.ts";
import { parseRoomPath } from "./room-path.ts";

/** The client library's own protocol. */
const libraryProtocol = "roomgate.1";

export interface SiteLimits {
  /** Sockets at once; above it 503. Default 19 000: a process may have 20 000 files open in most places. */
  readonly sessionsMax: number;
  /** New sockets a second, with a burst of one second; above it 503, so that a storm of reconnects comes in slowly. 0: no limit. Default 5 000. */
  readonly connectionsPerSecondMax: number;
}

export interface SiteSetting {
  readonly runtime: Runtime;
  readonly stats: GatewayStats;
  readonly limits: SiteLimits;
  readonly rooms: EdgeRooms;
  judgeApp(app: string): "served" | "missing" | "unknown";
  /** Plain requests outside `/rooms/`; 404 where it answers nothing. */
  readonly pages: Pages;
}

/** The gateway as its listener sees it: which requests get what answer, and who may come in (CONTRACT.md, "Client side"). */
export class ClientSite implements Site {
  readonly #setting: SiteSetting;
  readonly #connections: RateLimit;
  #isClosed = false;

  constructor(setting: SiteSetting) {
    this.#setting = setting;
    this.#connections = new RateLimit(setting.limits.connectionsPerSecondMax);
  }

  /** From here on nobody comes in. */
  close(): void {
    this.#isClosed = true;
  }

  respond(request: PlainRequest): PlainReply {
    if (!request.path.startsWith("/rooms/")) {
      return this.#setting.pages(request) ?? problemReply(404, "there is nothing here");
    }
    return problemReply(426, "rooms are reached by WebSocket", { upgrade: "websocket", connection: "Upgrade" });
  }

  admit(request: UpgradeRequest): Admission {
    const path = parseRoomPath(request.path);
    if (path.kind === "none") return this.#refuse(problemReply(404, "rooms are below /rooms/"));
    if (path.kind === "bad") return this.#refuse(problemReply(400, path.detail));
    const app = this.#setting.judgeApp(path.app);
    if (app === "missing") return this.#refuse(problemReply(404, "no server has this app"));
    if (app === "unknown") return this.#refuse(this.#later("no room server is known yet"));
    const protocol = request.protocols.find((offered) => offered !== libraryProtocol);
    if (protocol === undefined && request.protocols.length > 0) {
      return this.#refuse(problemReply(400, `${libraryProtocol} is not spoken here`));
    }
    const full = this.#whyNotNow();
    if (full !== undefined) return this.#refuse(this.#later(full));
    const attach = (socket: ClientSocket) => this.#enter(path.room, request.query, protocol ?? "", socket);
    return { kind: "accept", protocol, attach };
  }

  /** Sessions whose socket is gone count too until their room has let them go: they hold what was said. */
  #whyNotNow(): string | undefined {
    const { stats, limits, runtime } = this.#setting;
    if (this.#isClosed) return "this gateway is going away";
    if (stats.sessions >= limits.sessionsMax) return "this gateway has as many clients as it takes";
    if (stats.sessions + stats.leaving >= 2 * limits.sessionsMax) return "too many clients have just left";
    return this.#connections.take(runtime) ? undefined : "too many clients are connecting";
  }

  #enter(room: RoomKey, query: string, protocol: string, socket: ClientSocket): SocketHandler {
    const { stats, rooms } = this.#setting;
    stats.sessions += 1;
    return rooms.enter(room, { query, protocol, socket }, () => {
      stats.sessions -= 1;
    });
  }

  #refuse(reply: PlainReply): Admission {
    this.#setting.stats.refusedUpgrades += 1;
    return { kind: "refuse", reply };
  }

  /** The delay is drawn, so that those who were sent away together do not come back together. */
  #later(detail: string): PlainReply {
    return problemReply(503, detail, { "retry-after": String(1 + Math.floor(this.#setting.runtime.random() * 4)) });
  }
}
