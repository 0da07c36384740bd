import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { freePort, sourceFile } from "../lab.ts";
import { childrenOf } from "../process-cost.ts";
import type { App, Contender } from "./contender.ts";

const source = sourceFile("load/bench/peers");

/**
 * Where the peers' packages are, after they have been installed there if need be: outside of the checkout, since users of Roomgate have
 * no use for them. By content, so that a change of the pins or of the peers' servers is a new folder.
 */
function installed(): string {
  const hash = createHash("sha256");
  for (const file of filesBelow(source)) hash.update(file).update(readFileSync(join(source, file)));
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "roomgate");
  const folder = join(cache, `bench-peers-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  console.error("installing the peers' packages");
  const next = `${folder}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  cpSync(source, next, { recursive: true });
  const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: next,
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (npm.status !== 0) {
    rmSync(next, { recursive: true, force: true });
    throw new Error(`npm could not install the peers' packages: ${npm.stderr.split("\n", 3).join(" ")}`);
  }
  try {
    renameSync(next, folder);
  } catch (error) {
    // Somebody else was quicker, with the same.
    rmSync(next, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function filesBelow(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return names.filter((name) => statSync(join(folder, name)).isFile());
}

interface PeerShape {
  readonly name: string;
  readonly title: string;
  readonly packageName: string;
  readonly dialect: "socket.io" | "colyseus" | "hocuspocus";
  readonly file: string;
  readonly settings: string;
  /** Its processes that carry traffic; default is the one that was started. */
  pidsOf?(pid: number): Partial<Record<"server" | "other", readonly number[]>>;
  room(app: App, name: string): string;
}

function peer(shape: PeerShape): Contender {
  const { name, title, settings, dialect } = shape;
  return {
    name,
    title,
    settings,
    version: async () => {
      try {
        const manifest = join(installed(), "node_modules", shape.packageName, "package.json");
        return { version: (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version };
      } catch (error) {
        console.error(error);
        return { missing: "its package could not be installed" };
      }
    },
    start: async (lab, options) => {
      const port = await freePort();
      const args = [join(installed(), shape.file), String(port)];
      const started = lab.start(process.execPath, args, options?.env ?? {});
      await started.printed(/listening (\d+)/);
      return {
        name,
        dialect,
        ports: [port],
        pids: shape.pidsOf?.(started.pid) ?? { server: [started.pid] },
        room: shape.room,
        stop: () => started.stop(),
      };
    },
  };
}

export const socketIo = peer({
  name: "socket.io",
  title: "Socket.IO",
  packageName: "socket.io",
  dialect: "socket.io",
  file: "socket-io.mjs",
  settings: "on uWebSockets.js (`attachApp`), WebSocket only, no compression, its own adapter, one process",
  room: (app, name) => `${app}/${name}`,
});

export const socketIoCluster = peer({
  name: "socket.io-2",
  title: "Socket.IO, two workers",
  packageName: "socket.io",
  dialect: "socket.io",
  file: "socket-io-cluster.mjs",
  settings: "the same in two workers with `@socket.io/cluster-adapter`; its primary process is not counted",
  pidsOf: (pid) => ({ server: childrenOf(pid), other: [pid] }),
  room: (app, name) => `${app}/${name}`,
});

export const colyseus = peer({
  name: "colyseus",
  title: "Colyseus",
  packageName: "@colyseus/core",
  dialect: "colyseus",
  file: "colyseus.mjs",
  settings: "uWebSockets.js transport, no compression, one process; the newest that runs on Node 20",
  room: (app, name) => `/${app}/${name}`,
});

export const hocuspocus = peer({
  name: "hocuspocus",
  title: "Hocuspocus",
  packageName: "@hocuspocus/server",
  dialect: "hocuspocus",
  file: "hocuspocus.mjs",
  settings: "no compression, no database: documents in memory, one process; the newest that runs on Node 20",
  room: (_app, name) => name,
});
