import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";

const run = promisify(execFile);
const repository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Opens a listener with the engine of its first argument, says hello to itself through it, and prints what came of it. */
const child = `
import { openListener } from "./open-listener.js";
import { WebSocket } from "ws";
const warnings = [];
const log = { debug() {}, info() {}, error() {}, child() { return log; }, warn(fields, message) { warnings.push({ fields, message }); } };
const options = { host: "127.0.0.1", port: 0, messageBytesMax: 1000, sendBufferBytesMax: 1000, pingEveryMs: 1000, silenceMsMax: 5000 };
const handler = (socket) => ({ message: (bytes, isText) => socket.send(bytes, isText), drained() {}, closed() {} });
const site = {
  respond: () => ({ status: 404, headers: {}, body: "" }),
  admit: () => ({ kind: "accept", protocol: undefined, attach: handler }),
};
try {
  const listener = await openListener(process.argv[2], options, site, log);
  const client = new WebSocket("ws://127.0.0.1:" + listener.port + "/");
  client.on("open", () => client.send("hello"));
  const echo = await new Promise((resolve, reject) => { client.on("message", resolve); client.on("error", reject); });
  client.terminate();
  await listener.close();
  console.log(JSON.stringify({ engine: listener.engine, echo: echo.toString(), warnings }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message, warnings }));
}
process.exit(0);
`;

let home = "";

/** The listeners beside a uWebSockets.js whose package is all there but for its binaries: as on a platform that has none. */
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "roomgate-fallback-"));
  const modules = join(home, "node_modules");
  await mkdir(modules);
  await symlink(repository("node_modules/ws"), join(modules, "ws"));
  await cp(repository("node_modules/uWebSockets.js"), join(modules, "uWebSockets.js"), {
    recursive: true,
    filter: (source) => !source.endsWith(".node"),
  });
  await build({
    configFile: false,
    logLevel: "silent",
    root: repository("."),
    build: { ssr: repository("gateway/edge/open-listener.ts"), outDir: home, emptyOutDir: false },
  });
  await writeFile(join(home, "package.json"), '{"type":"module"}');
  await writeFile(join(home, "child.js"), child);
});

afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

async function openIn(engine: string) {
  const { stdout } = await run(process.execPath, ["child.js", engine], { cwd: home });
  return JSON.parse(stdout);
}

it("EDGE-8: `auto` serves on ws where the binary does not load, with one warning that says why", async () => {
  const result = await openIn("auto");
  expect(result).toMatchObject({ engine: "ws", echo: "hello" });
  expect(result.warnings).toHaveLength(1);
  expect(result.warnings[0].message).toContain("uWebSockets.js");
  expect(result.warnings[0].fields.reason).toContain("does not load here");
});

it("EDGE-8: `uws` says that it cannot", async () => {
  expect(await openIn("uws")).toMatchObject({ code: "engine-missing", warnings: [] });
});

it("EDGE-8: `ws` does not even try", async () => {
  expect(await openIn("ws")).toMatchObject({ engine: "ws", echo: "hello", warnings: [] });
});

it("EDGE-8: `auto` serves on uWebSockets.js once a binary is there that loads", async () => {
  const binary = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  const folder = "node_modules/uWebSockets.js/dist/bin";
  const isThere = existsSync(repository(join(folder, binary)));
  await mkdir(join(home, folder), { recursive: true });
  if (isThere) await cp(repository(join(folder, binary)), join(home, folder, binary));
  const result = await openIn("auto");
  expect(result).toMatchObject({ engine: isThere ? "uWebSockets.js" : "ws", echo: "hello" });
  expect(result.warnings).toHaveLength(isThere ? 0 : 1);
});
