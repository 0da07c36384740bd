import type { FastifyInstance, InjectOptions } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAdminApp, startAdminServer } from "../../../gateway/ops/admin-server.ts";
import type { Answer, ClusterControl, RoomFilter, RoomStatus } from "../../../gateway/ops/cluster-control.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

const room: RoomStatus = { room: "game/a" as RoomKey, server: "s1-aaaa" as ServerId, epoch: 3, sessions: 2 };
const server = {
  id: "s1-aaaa" as ServerId,
  state: "live",
  pid: 7,
  address: "127.0.0.1:1",
  rooms: 1,
  sessions: 2,
  weight: 1,
} as const;
const gateway = { id: "g1-aaaa", pid: 8, address: "0.0.0.0:8080", sessions: 2 };
const moved = { room: room.room, from: server.id, to: "s2-bbbb" as ServerId, epoch: 4, pauseMs: 3.5 };

/** Answers what the test puts in, and notes what was asked. */
interface FakeControl extends ClusterControl {
  answer: Answer<never> | undefined;
  isReady: boolean;
  readonly asked: unknown[];
}

function createFakeControl(): FakeControl {
  const asked: unknown[] = [];
  const fake: FakeControl = {
    answer: undefined,
    isReady: true,
    asked,
    servers: async () => fake.answer ?? { kind: "ok", value: [server] },
    gateways: async () => fake.answer ?? { kind: "ok", value: [gateway] },
    rooms: async (filter: RoomFilter) => {
      asked.push(filter);
      return fake.answer ?? { kind: "ok", value: [room] };
    },
    room: async (key) => {
      asked.push(key);
      return fake.answer ?? { kind: "ok", value: room };
    },
    move: async (key, to) => {
      asked.push([key, to]);
      return fake.answer ?? { kind: "ok", value: moved };
    },
    skip: async (key, record) => {
      asked.push([key, record]);
      return fake.answer ?? { kind: "ok", value: { room: key, record, server: server.id, epoch: 4 } };
    },
    drain: async (id) => {
      asked.push(id);
      return fake.answer ?? { kind: "ok", value: undefined };
    },
    metrics: async () => "roomgate_up 1\n",
    ready: async () => ({ ready: fake.isReady, missing: fake.isReady ? [] : ["no live gateway"] }),
  };
  return fake;
}

let control: FakeControl;
let app: FastifyInstance;
const runtime = createVirtualRuntime();
const options = { adminHost: "127.0.0.1", adminPort: 0, adminNames: [] };

beforeEach(() => {
  control = createFakeControl();
  app = createAdminApp(options, control, runtime.log);
});
afterEach(() => app.close());

async function ask(method: string, url: string, payload?: string, headers: Record<string, string> = {}) {
  const type = payload === undefined ? {} : { "content-type": "application/json" };
  const request = { method, url, headers: { host: "localhost:8081", ...type, ...headers } } as InjectOptions;
  const response = await app.inject(payload === undefined ? request : { ...request, payload });
  const isJson = String(response.headers["content-type"]).includes("json");
  return {
    status: response.statusCode,
    type: response.headers["content-type"],
    headers: response.headers,
    body: isJson ? response.json() : response.body,
  };
}

const move = (payload: string | undefined, url = "/api/rooms/game/a/move") => ask("POST", url, payload);

function isProblem(answer: Awaited<ReturnType<typeof ask>>, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.type).toBe("application/problem+json; charset=utf-8");
  expect(answer.body).toMatchObject({
    type: "about:blank",
    status,
    title: expect.any(String),
    detail: expect.any(String),
  });
}

describe("OPS-9: what is asked", () => {
  test("servers, gateways and rooms, as the contract has them", async () => {
    expect(await ask("GET", "/api/servers")).toMatchObject({ status: 200, body: [server] });
    expect(await ask("GET", "/api/gateways")).toMatchObject({ status: 200, body: [gateway] });
    expect(await ask("GET", "/api/rooms")).toMatchObject({ status: 200, body: [room] });
    expect(await ask("GET", "/api/rooms/game/a")).toMatchObject({ status: 200, body: room });
  });

  test("rooms by app, server and limit", async () => {
    await ask("GET", "/api/rooms?app=game&server=s1-aaaa&limit=5");
    await ask("GET", "/api/rooms");
    expect(control.asked).toEqual([
      { app: "game", server: "s1-aaaa", limit: 5 },
      { app: undefined, server: undefined, limit: 1000 },
    ]);
  });

  test.each(["app=Game", "server=-", "limit=0", "limit=10001", "limit=ten", "limit=1.5", "app=a&app=b"])(
    "not rooms by %s",
    async (query) => {
      isProblem(await ask("GET", `/api/rooms?${query}`), 400);
      expect(control.asked).toEqual([]);
    },
  );

  test.each([
    ["GET", "/api/rooms/Game/a"],
    ["GET", "/api/rooms/game/a%20b"],
    ["GET", `/api/rooms/game/${"x".repeat(129)}`],
    ["POST", "/api/rooms/game/a%2Fb/move"],
  ])("%s %s is no room", async (method, url) => {
    isProblem(await ask(method, url, method === "POST" ? '{"to":"s2"}' : undefined), 400);
    expect(control.asked).toEqual([]);
  });

  test("a room with all that its name may hold, percent-encoded or not", async () => {
    const id = `${"x".repeat(115)}AZaz09._~:-%3A`;
    await ask("GET", `/api/rooms/game/${id}`);
    expect(control.asked).toEqual([`game/${decodeURIComponent(id)}`]);
  });

  test("a room that nobody owns is 404, a store that is silent 503", async () => {
    control.answer = { kind: "not-found", detail: "nobody has game/a" };
    isProblem(await ask("GET", "/api/rooms/game/a"), 404);
    control.answer = { kind: "unavailable", detail: "the store does not answer" };
    const silent = await ask("GET", "/api/servers");
    isProblem(silent, 503);
    expect(silent.headers["retry-after"]).toBe("1");
  });
});

describe("OPS-10: a move", () => {
  test("that worked is 200 with its report", async () => {
    expect(await move('{"to":"s2-bbbb"}')).toMatchObject({ status: 200, body: moved });
    expect(control.asked).toEqual([["game/a", "s2-bbbb"]]);
  });

  test("that did not is 409, with `error` and as a problem", async () => {
    control.answer = { kind: "conflict", detail: "s2-bbbb is draining" };
    const answer = await move('{"to":"s2-bbbb"}');
    isProblem(answer, 409);
    expect(answer.body).toMatchObject({ error: "s2-bbbb is draining", detail: "s2-bbbb is draining" });
  });

  test("of a room that nobody owns is 404", async () => {
    control.answer = { kind: "not-found", detail: "nobody has game/a" };
    isProblem(await move('{"to":"s2-bbbb"}'), 404);
  });

  test.each([
    "",
    "{",
    "null",
    "[]",
    '"s2"',
    "{}",
    '{"to":5}',
    '{"to":""}',
    '{"to":"two words"}',
    '{"__proto__":{"to":"s2"}}',
  ])("with the body %s is 400", async (body) => {
    isProblem(await move(body), 400);
    expect(control.asked).toEqual([]);
  });

  test("with a body beyond bounds is 413", async () => {
    isProblem(await move(JSON.stringify({ to: "x".repeat(20_000) })), 413);
  });
});

describe("RECOVER-4: a record that is to be skipped", () => {
  const skip = (payload: string | undefined, url = "/api/rooms/game/a/skip") => ask("POST", url, payload);

  test("is 200 with what came of it", async () => {
    expect(await skip('{"record":41}')).toMatchObject({
      status: 200,
      body: { room: "game/a", record: 41, server: server.id, epoch: 4 },
    });
    expect(control.asked).toEqual([["game/a", 41]]);
    // Whoever asks for it is in the log, whatever comes of it.
    expect(runtime.linesWith("asked to skip a record").at(-1)?.fields).toMatchObject({ room: "game/a", record: 41 });
  });

  test("is 409 with the reason where nothing has changed", async () => {
    control.answer = { kind: "conflict", detail: "game/a runs at s1-aaaa: nothing was left out" };
    const answer = await skip('{"record":41}');
    isProblem(answer, 409);
    expect(answer.body).toMatchObject({ detail: "game/a runs at s1-aaaa: nothing was left out" });
  });

  test("is 404 of a room that there is not, 503 where nobody answers", async () => {
    control.answer = { kind: "not-found", detail: "there is no room game/a" };
    isProblem(await skip('{"record":41}'), 404);
    control.answer = { kind: "unavailable", detail: "the store does not answer" };
    const silent = await skip('{"record":41}');
    isProblem(silent, 503);
    expect(silent.headers["retry-after"]).toBe("1");
  });

  test.each([
    undefined,
    "",
    "{",
    "null",
    "[]",
    "41",
    "{}",
    '{"record":"41"}',
    '{"record":null}',
    '{"record":-1}',
    '{"record":1.5}',
    '{"record":9007199254740993}',
    '{"__proto__":{"record":41}}',
  ])("is 400 with the body %s", async (body) => {
    isProblem(await skip(body), 400);
    expect(control.asked).toEqual([]);
  });

  test("is 400 of what is no room", async () => {
    isProblem(await skip('{"record":41}', "/api/rooms/game/a%2Fb/skip"), 400);
    expect(control.asked).toEqual([]);
  });
});

describe("OPS-11: a drain", () => {
  test.each([undefined, "", "{}"])("is 202, with the body %j", async (body) => {
    expect(await ask("POST", "/api/servers/s1-aaaa/drain", body)).toMatchObject({ status: 202 });
    expect(control.asked).toEqual(["s1-aaaa"]);
  });

  test("of a server that is not there is 404", async () => {
    control.answer = { kind: "not-found", detail: "there is no server s9" };
    isProblem(await ask("POST", "/api/servers/s9/drain"), 404);
    isProblem(await ask("POST", "/api/servers/two%20words/drain"), 404);
    expect(control.asked).toEqual(["s9"]);
  });
});

describe("everything else", () => {
  test.each([
    ["POST", "/api/servers", "GET, HEAD"],
    ["DELETE", "/api/rooms/game/a", "GET, HEAD"],
    ["GET", "/api/rooms/game/a/move", "POST"],
    ["GET", "/api/rooms/game/a/skip", "POST"],
    ["DELETE", "/api/rooms/game/a/skip", "POST"],
    ["PUT", "/api/servers/s1/drain", "POST"],
    ["POST", "/", "GET, HEAD"],
  ])("%s %s is 405", async (method, url, allow) => {
    const answer = await ask(method, url);
    isProblem(answer, 405);
    expect(answer.headers.allow).toBe(allow);
  });

  test("an unknown path is 404", async () => {
    isProblem(await ask("GET", "/api/nothing"), 404);
    isProblem(await ask("GET", "/../etc/passwd"), 404);
  });

  test("it lives, and says whether the cluster is ready", async () => {
    expect((await ask("GET", "/livez")).status).toBe(200);
    expect(await ask("GET", "/readyz")).toMatchObject({ status: 200, body: { ready: true } });
    control.isReady = false;
    const answer = await ask("GET", "/readyz");
    isProblem(answer, 503);
    expect(answer.body.missing).toEqual(["no live gateway"]);
  });

  test("figures are Prometheus text", async () => {
    const answer = await ask("GET", "/metrics");
    expect(answer).toMatchObject({ status: 200, body: "roomgate_up 1\n" });
    expect(answer.type).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  test("the dashboard runs only its own script and loads nothing from elsewhere", async () => {
    const answer = await ask("GET", "/");
    expect(answer.status).toBe(200);
    expect(answer.headers["content-security-policy"]).toMatch(/default-src 'none'.*script-src 'sha256-[^']+';/);
    expect(answer.body).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  test("OPS-5: a name that is not ours, or another site, is refused", async () => {
    isProblem(await ask("GET", "/api/servers", undefined, { host: "evil.example" }), 421);
    isProblem(await ask("POST", "/api/servers/s1/drain", "{}", { origin: "http://evil.example" }), 403);
    isProblem(await ask("POST", "/api/servers/s1/drain", "{}", { "content-type": "text/plain" }), 415);
    expect(control.asked).toEqual([]);
  });

  test("a fault of ours is 500, without its words, and is logged", async () => {
    control.servers = () => Promise.reject(new Error("inner workings"));
    const answer = await ask("GET", "/api/servers");
    isProblem(answer, 500);
    expect(JSON.stringify(answer.body)).not.toContain("inner workings");
    expect(runtime.linesWith("failed to answer")).toHaveLength(1);
  });

  test("a port that is taken is one clear line", async () => {
    const first = await startAdminServer(options, control, runtime.log);
    const taken = { ...options, adminPort: first.port };
    await expect(startAdminServer(taken, control, runtime.log)).rejects.toMatchObject({
      code: "port-taken",
      message: `admin side: another process listens on 127.0.0.1:${first.port}`,
    });
    await first.close();
  });
});
