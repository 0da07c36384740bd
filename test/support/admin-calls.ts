import { until } from "./until.ts";

export interface ServerStatus {
  readonly id: string;
  readonly state: "live" | "draining" | "lost";
  readonly pid: number;
  readonly address: string;
  readonly rooms: number;
  readonly sessions: number;
  readonly weight: number;
}

export interface GatewayStatus {
  readonly id: string;
  readonly pid: number;
  readonly address: string;
  readonly sessions: number;
}

export interface RoomStatus {
  readonly room: string;
  readonly server: string;
  readonly epoch: number;
  readonly sessions: number;
}

export interface Moved {
  readonly room: string;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  readonly pauseMs: number;
}

export interface Reply<Body> {
  readonly status: number;
  readonly type: string;
  readonly body: Body;
}

/** What CONTRACT's admin side answers, as an operator's script would ask it. */
export interface AdminCalls {
  servers(): Promise<readonly ServerStatus[]>;
  liveServers(): Promise<readonly ServerStatus[]>;
  gateways(): Promise<readonly GatewayStatus[]>;
  /** `query` as in `app=echo&limit=10`. */
  rooms(query?: string): Promise<readonly RoomStatus[]>;
  room(key: string): Promise<RoomStatus | undefined>;
  /** The answer as it is: 200 with {@link Moved}, else a problem. */
  move(key: string, to: string): Promise<Reply<Moved & { readonly detail?: string }>>;
  drain(server: string): Promise<Reply<unknown>>;
  /** Any request. */
  ask<Body>(path: string, init?: RequestInit): Promise<Reply<Body>>;
  /** Resolves when `/readyz` answers 200. */
  ready(): Promise<void>;
  /** Resolves with the servers as soon as they are as wanted. */
  untilServers(wanted: (servers: readonly ServerStatus[]) => boolean, msMax?: number): Promise<readonly ServerStatus[]>;
}

export function adminCalls(adminUrl: string): AdminCalls {
  const ask = async <Body>(path: string, init?: RequestInit): Promise<Reply<Body>> => {
    const response = await fetch(adminUrl + path, init);
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    return { status: response.status, type, body: (type.includes("json") ? JSON.parse(text) : text) as Body };
  };
  const get = async <Body>(path: string): Promise<Body> => {
    const reply = await ask<Body>(path);
    if (reply.status !== 200) throw new Error(`${path} answered ${reply.status}: ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  const post = <Body>(path: string, body: object): Promise<Reply<Body>> =>
    ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const servers = () => get<readonly ServerStatus[]>("/api/servers");
  return {
    ask,
    servers,
    liveServers: async () => (await servers()).filter(({ state }) => state === "live"),
    gateways: () => get("/api/gateways"),
    rooms: (query = "limit=10000") => get(`/api/rooms?${query}`),
    room: async (key) => {
      const reply = await ask<RoomStatus>(`/api/rooms/${key}`);
      return reply.status === 404 ? undefined : reply.body;
    },
    move: (key, to) => post(`/api/rooms/${key}/move`, { to }),
    drain: (server) => post(`/api/servers/${server}/drain`, {}),
    ready: async () => {
      await until(
        async () => (await ask("/readyz")).status,
        (status) => status === 200,
      );
    },
    untilServers: (wanted, msMax) => until(servers, wanted, msMax),
  };
}
