import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from "fastify";
import { z } from "zod";
import { RoomgateError } from "../wire/errors.ts";
import { makeRoomKey, parseAppName, parseServerId, type RoomKey, type ServerId } from "../wire/ids.ts";
import type { Logger } from "../wire/runtime.ts";
import type { Answer, ClusterControl, RoomFilter } from "./cluster-control.ts";
import { type DashboardPage, loadDashboard } from "./dashboard.ts";
import { problemOf, problemType } from "./problem.ts";
import { judgeRequest, namesOf } from "./request-guard.ts";

export interface AdminOptions {
  readonly adminHost: string;
  /** 0 picks a free one. */
  readonly adminPort: number;
  readonly adminNames: readonly string[];
}

export interface AdminServer {
  /** As bound. */
  readonly port: number;
  close(): Promise<void>;
}

const roomsLimitDefault = 1000;
const roomsLimitMax = 10_000;
const bodyBytesMax = 16 * 1024;

/** Serves the admin side. Rejects with a `RoomgateError` (`port-taken`, `listen-failed`). */
export async function startAdminServer(
  options: AdminOptions,
  control: ClusterControl,
  log: Logger,
): Promise<AdminServer> {
  const app = createAdminApp(options, control, log);
  try {
    await app.listen({ host: options.adminHost, port: options.adminPort });
  } catch (cause) {
    const where = `${options.adminHost}:${options.adminPort}`;
    if ((cause as NodeJS.ErrnoException).code === "EADDRINUSE") {
      throw new RoomgateError("port-taken", `admin side: another process listens on ${where}`, { cause });
    }
    throw new RoomgateError("listen-failed", `admin side: cannot listen on ${where}: ${(cause as Error).message}`, {
      cause,
    });
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.adminPort;
  return { port, close: () => app.close() };
}

/** The admin side without a socket, for `inject`. Answers are those of CONTRACT. */
export function createAdminApp(options: AdminOptions, control: ClusterControl, log: Logger): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 512 },
  });
  guard(app, namesOf(options.adminHost, options.adminNames));
  parseBodies(app);
  answerErrors(app, log);
  serve(app, routesOf(control, log, loadDashboard()));
  return app;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
type Routes = Readonly<Record<string, Partial<Readonly<Record<"GET" | "POST", Handler>>>>>;

function routesOf(control: ClusterControl, log: Logger, dashboard: DashboardPage): Routes {
  return {
    "/api/servers": { GET: async (_request, reply) => send(reply, await control.servers()) },
    "/api/gateways": { GET: async (_request, reply) => send(reply, await control.gateways()) },
    "/api/rooms": {
      GET: async (request, reply) => {
        const filter = parseFilter(request.query as RoomsQuery);
        return typeof filter === "string" ? fail(reply, 400, filter) : send(reply, await control.rooms(filter));
      },
    },
    "/api/rooms/:app/:id": {
      GET: async (request, reply) => {
        const room = roomOf(request);
        return room === undefined ? badRoom(reply) : send(reply, await control.room(room));
      },
    },
    "/api/rooms/:app/:id/move": {
      POST: async (request, reply) => {
        const room = roomOf(request);
        if (room === undefined) return badRoom(reply);
        const to = targetOf(request.body);
        if (to === undefined) return fail(reply, 400, 'the body must be {"to":"<server>"}');
        const answer = await control.move(room, to);
        log.info({ room, to, outcome: answer.kind, from: request.ip }, "asked to move a room");
        return send(reply, answer);
      },
    },
    "/api/rooms/:app/:id/skip": {
      POST: async (request, reply) => {
        const room = roomOf(request);
        if (room === undefined) return badRoom(reply);
        const body = skipBody.safeParse(request.body);
        if (!body.success) return fail(reply, 400, 'the body must be {"record":<position in the journal>}');
        const { record } = body.data;
        const answer = await control.skip(room, record);
        log.warn({ room, record, outcome: answer.kind, from: request.ip }, "asked to skip a record");
        return send(reply, answer);
      },
    },
    "/api/servers/:id/drain": {
      POST: async (request, reply) => {
        const server = parseServerId((request.params as { id: string }).id);
        if (server === undefined) return fail(reply, 404, "no such server");
        const answer = await control.drain(server);
        log.info({ server, outcome: answer.kind, from: request.ip }, "asked to drain a server");
        return answer.kind === "ok" ? reply.code(202).send({ server }) : send(reply, answer);
      },
    },
    "/livez": { GET: async () => ({ live: true }) },
    "/readyz": {
      GET: async (_request, reply) => {
        const { ready, missing } = await control.ready();
        if (ready) return { ready };
        const detail = `not ready: ${missing.join(", ")}`;
        return reply
          .code(503)
          .type(problemType)
          .send({ ...problemOf(503, detail), missing });
      },
    },
    "/metrics": {
      GET: async (_request, reply) =>
        reply.type("text/plain; version=0.0.4; charset=utf-8").send(await control.metrics()),
    },
    "/": { GET: async (_request, reply) => reply.headers(dashboard.headers).send(dashboard.body) },
  };
}

const methods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function serve(app: FastifyInstance, routes: Routes): void {
  for (const [url, handlers] of Object.entries(routes)) {
    const allowed = new Set<HTTPMethods>();
    for (const [method, handler] of Object.entries(handlers)) {
      allowed.add(method as HTTPMethods);
      if (method === "GET") allowed.add("HEAD");
      app.route({ method: method as HTTPMethods, url, handler });
    }
    const others = methods.filter((method) => !allowed.has(method));
    const allow = [...allowed].join(", ");
    app.route({
      method: [...others],
      url,
      handler: async (_request, reply) => fail(reply.header("allow", allow), 405, `only ${allow} here`),
    });
  }
}

function guard(app: FastifyInstance, names: ReadonlySet<string>): void {
  app.addHook("onRequest", async (request, reply) => {
    const { headers } = request;
    const verdict = judgeRequest(
      {
        method: request.method,
        host: headers.host,
        origin: headers.origin,
        fetchSite: headers["sec-fetch-site"] as string | undefined,
        contentType: headers["content-type"],
        hasBody: headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0,
      },
      names,
    );
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
    return verdict.kind === "pass" ? undefined : fail(reply, verdict.status, verdict.detail);
  });
}

/** The guard has seen to the type already, so an empty body may have any, and is nothing. */
function parseBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>("*", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") return done(null, undefined);
    try {
      return done(null, JSON.parse(body));
    } catch {
      return done(Object.assign(new Error("the body is no JSON"), { statusCode: 400 }), undefined);
    }
  });
}

function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setNotFoundHandler(async (_request, reply) => fail(reply, 404, "there is nothing here"));
  app.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return fail(reply, status, error.message);
    log.error({ err: error, url: request.url }, "the admin side failed to answer");
    return fail(reply, 500, "this should not have happened; the log says more");
  });
}

const statusOf = { "not-found": 404, conflict: 409, unavailable: 503 } as const;

function send(reply: FastifyReply, answer: Answer<unknown>): FastifyReply {
  if (answer.kind === "ok") return reply.send(answer.value);
  if (answer.kind === "unavailable") reply.header("retry-after", "1");
  return fail(reply, statusOf[answer.kind], answer.detail);
}

function fail(reply: FastifyReply, status: number, detail: string): FastifyReply {
  return reply.code(status).type(problemType).send(problemOf(status, detail));
}

const badRoom = (reply: FastifyReply): FastifyReply =>
  fail(reply, 400, "a room is <app>/<id>, its id 1 to 128 of A-Z a-z 0-9 . _ ~ : -");

function roomOf(request: FastifyRequest): RoomKey | undefined {
  const { app, id } = request.params as { app: string; id: string };
  return makeRoomKey(app, id);
}

const skipBody = z.object({ record: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER) });
const moveBody = z.object({ to: z.string() });

function targetOf(body: unknown): ServerId | undefined {
  const parsed = moveBody.safeParse(body);
  return parsed.success ? parseServerId(parsed.data.to) : undefined;
}

interface RoomsQuery {
  readonly app?: unknown;
  readonly server?: unknown;
  readonly limit?: unknown;
}

/** A text says what is wrong. */
function parseFilter(query: RoomsQuery): RoomFilter | string {
  const app = query.app === undefined ? undefined : parseAppName(String(query.app));
  if (query.app !== undefined && app === undefined) return "app is no name of an app";
  const server = query.server === undefined ? undefined : parseServerId(String(query.server));
  if (query.server !== undefined && server === undefined) return "server is no id of a server";
  const limit = query.limit === undefined ? roomsLimitDefault : Number(query.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > roomsLimitMax) return `limit must be from 1 to ${roomsLimitMax}`;
  return { app, server, limit };
}
