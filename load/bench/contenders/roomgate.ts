import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Lab, preload, rootFolder, type Started, sourceFile, until } from "../lab.ts";
import { type Contender, plainRoom, type RunningContender, type StartOptions } from "./contender.ts";

export interface RunningRoomgate extends RunningContender {
  readonly adminUrl: string;
  readonly folder: string;
  ask<Body>(path: string, init?: RequestInit): Promise<{ readonly status: number; readonly body: Body }>;
}

export interface MemberStatus {
  readonly id: string;
  readonly pid: number;
  readonly sessions: number;
  /** Servers only. */
  readonly state?: "live" | "draining" | "lost";
  readonly rooms?: number;
}

/** A cluster from `dist/` with its defaults: one gateway, by default here one room server, the store LMDB on disk. */
export const roomgate = {
  name: "roomgate",
  title: "Roomgate",
  settings:
    "defaults: one gateway, one room server, LMDB store; started by `roomgate cluster` with warnings only in its log",
  version: async () => {
    const manifest = JSON.parse(readFileSync(join(rootFolder, "package.json"), "utf8")) as { readonly version: string };
    return { version: manifest.version };
  },
  start: startRoomgate,
} satisfies Contender;

export async function startRoomgate(lab: Lab, options: StartOptions = {}): Promise<RunningRoomgate> {
  const folder = join(lab.folder, `roomgate-${process.hrtime.bigint()}`);
  const flags = ["--port", "0", "--admin-port", "0", "--log-level", "warn", "--store", `lmdb:${folder}`];
  const given = options.flags ?? [];
  const servers = given.includes("--servers") ? [] : ["--servers", "1"];
  const args = [sourceFile("scripts/roomgate.mjs"), "cluster", ...flags, ...servers, ...given];
  const { profileFolder } = lab;
  const profiled =
    profileFolder === undefined
      ? undefined
      : preload(sourceFile("load/cpu-profile.mjs"), { CPU_PROFILE_FOLDER: profileFolder });
  const cluster = lab.start(process.execPath, args, options.env ?? profiled);
  const port = Number(await cluster.printed(/Demos +http:\/\/localhost:(\d+)\//));
  const adminUrl = `http://127.0.0.1:${await cluster.printed(/Dashboard +http:\/\/localhost:(\d+)\//)}`;
  const ask = async <Body>(path: string, init?: RequestInit) => {
    const response = await fetch(adminUrl + path, init);
    return { status: response.status, body: (await response.json()) as Body };
  };
  const pidsOf = async (kind: "gateways" | "servers"): Promise<number[]> =>
    (await ask<readonly MemberStatus[]>(`/api/${kind}`)).body.map(({ pid }) => pid);
  await until(
    async () => (await fetch(`${adminUrl}/readyz`)).ok || undefined,
    () => `the cluster is not ready:\n${cluster.tail()}`,
  );
  return {
    name: roomgate.name,
    dialect: "plain",
    ports: [port],
    pids: { relay: await pidsOf("gateways"), server: await pidsOf("servers"), other: [cluster.pid] },
    room: plainRoom,
    adminUrl,
    folder,
    ask,
    stop: () => stopCluster(cluster),
  };
}

/** Its children end with it; twice, since after the first signal it lets clients go in order. */
async function stopCluster(cluster: Started): Promise<void> {
  const ended = cluster.stop("SIGINT");
  setTimeout(() => cluster.child.kill("SIGINT"), 2_000).unref();
  await ended;
}
