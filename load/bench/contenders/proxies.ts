import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { answers, freePort, type Lab, sourceFile, until } from "../lab.ts";
import { childrenOf } from "../process-cost.ts";
import { startBare } from "./bare.ts";
import { type Contender, plainRoom } from "./contender.ts";

type Obtained = { readonly path: string; readonly missing?: undefined } | { readonly missing: string };

/** As the tests get their programs: named by a variable, on the PATH, or installed where that is allowed. */
async function obtain(name: string): Promise<Obtained> {
  const { obtainProgram } = (await import(sourceFile("scripts/tools/programs.mjs"))) as {
    readonly obtainProgram: (name: string) => Obtained;
  };
  return obtainProgram(name);
}

interface ProxyShape {
  readonly name: string;
  readonly title: string;
  readonly settings: string;
  readonly versionFlag: string;
  readonly versionPattern: RegExp;
  config(port: number, serverPort: number, folder: string): string;
  args(file: string, folder: string): readonly string[];
  /** The processes that carry traffic. */
  pidsOf(pid: number): readonly number[];
}

function proxy(shape: ProxyShape): Contender {
  const { name } = shape;
  return {
    name,
    title: shape.title,
    settings: shape.settings,
    version: async () => {
      const program = await obtain(name);
      if (program.missing !== undefined) return program;
      const { stdout, stderr } = await promisify(execFile)(program.path, [shape.versionFlag]);
      return { version: (stdout + stderr).match(shape.versionPattern)?.[1] ?? "unknown" };
    },
    start: async (lab: Lab, options) => {
      const program = await obtain(name);
      if (program.missing !== undefined) throw new Error(program.missing);
      const server = await startBare(lab, "uws", options);
      const port = await freePort();
      const file = join(lab.folder, `${name}-${port}.conf`);
      writeFileSync(file, shape.config(port, server.port, lab.folder));
      const started = lab.start(program.path, shape.args(file, lab.folder));
      await until(
        () => answers(port),
        () => `${name} does not listen:\n${started.tail()}`,
      );
      return {
        name,
        dialect: "plain",
        ports: [port],
        pids: { relay: [...shape.pidsOf(started.pid)], server: [server.started.pid] },
        room: plainRoom,
        stop: async () => {
          await started.stop();
          await server.started.stop("SIGKILL");
        },
      };
    },
  };
}

/** Both take one file for the client and one for the server, out of 20 000 in most places. */
const connectionsMax = 9_900;

export const haproxy = proxy({
  name: "haproxy",
  title: "HAProxy + bare uWS",
  settings: "`balance uri`, `hash-type consistent`, one thread, no log",
  versionFlag: "-v",
  versionPattern: /version (\S+)/,
  config: (port, serverPort) => `global
  nbthread 1
  maxconn ${connectionsMax}
defaults
  mode http
  maxconn ${connectionsMax}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend rooms
backend rooms
  balance uri
  hash-type consistent
  server bare 127.0.0.1:${serverPort}
`,
  args: (file) => ["-db", "-f", file],
  pidsOf: (pid) => [pid],
});

export const nginx = proxy({
  name: "nginx",
  title: "nginx + bare uWS",
  settings: "`hash $uri consistent`, one worker, no access log",
  versionFlag: "-v",
  versionPattern: /nginx\/(\S+)/,
  config: (port, serverPort, folder) => `daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx-${port}.pid;
error_log stderr error;
events {
  worker_connections 19900;
}
http {
  access_log off;
  client_body_temp_path ${folder};
  proxy_temp_path ${folder};
  fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder};
  scgi_temp_path ${folder};
  upstream rooms {
    hash $uri consistent;
    server 127.0.0.1:${serverPort};
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://rooms;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $host;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`,
  args: (file, folder) => ["-c", file, "-p", folder],
  pidsOf: childrenOf,
});
