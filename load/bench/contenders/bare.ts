import { readFileSync } from "node:fs";
import { join } from "node:path";
import { distFile, type Lab, rootFolder, type Started } from "../lab.ts";
import { type Contender, plainRoom, type StartOptions } from "./contender.ts";

/** A server without anything in front of it. */
function bare(name: string, title: string, packageName: string, settings: string): Contender {
  return {
    name,
    title,
    settings,
    version: async () => ({ version: versionOf(packageName) }),
    start: async (lab, options) => {
      const { started, port } = await startBare(lab, name, options);
      return {
        name,
        dialect: "plain",
        ports: [port],
        pids: { server: [started.pid] },
        room: plainRoom,
        stop: () => started.stop(),
      };
    },
  };
}

export async function startBare(
  lab: Lab,
  name: string,
  options: StartOptions = {},
): Promise<{ readonly started: Started; readonly port: number }> {
  const started = lab.start(process.execPath, [distFile(`load/bench/servers/bare-${name}.js`), "0"], options.env);
  return { started, port: Number(await started.printed(/listening (\d+)/)) };
}

export const bareUws = bare("uws", "bare uWebSockets.js", "uWebSockets.js", "no compression; topics for rooms");
export const bareWs = bare("ws", "bare ws", "ws", "`perMessageDeflate: false`");

/** The 1:1 proxy on `ws`, in front of the bare uWebSockets.js server. */
export const wsProxy: Contender = {
  name: "ws-proxy",
  title: "1:1 proxy on ws + bare uWS",
  settings: "`perMessageDeflate: false` on both sides",
  version: async () => ({ version: versionOf("ws") }),
  start: async (lab, options) => {
    const server = await startBare(lab, "uws", options);
    const args = [distFile("load/bench/servers/ws-proxy.js"), "0", String(server.port)];
    const proxy = lab.start(process.execPath, args, options?.env ?? {});
    return {
      name: "ws-proxy",
      dialect: "plain",
      ports: [Number(await proxy.printed(/listening (\d+)/))],
      pids: { relay: [proxy.pid], server: [server.started.pid] },
      room: plainRoom,
      stop: async () => {
        await proxy.stop();
        await server.started.stop();
      },
    };
  },
};

function versionOf(packageName: string): string {
  const file = join(rootFolder, "node_modules", packageName, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
}
