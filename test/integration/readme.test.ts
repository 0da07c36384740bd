import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
/** The examples in the order of the page: the room, the client. */
const [roomExample = "", clientExample = ""] = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);

let folder: string;
let cluster: Cluster;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "roomgate-readme-"));
  writeFileSync(join(folder, "my-rooms.mjs"), roomExample);
  cluster = await startCluster({ flags: ["--rooms", join(folder, "my-rooms.mjs")] });
  return async () => {
    await cluster.dispose();
    rmSync(folder, { recursive: true });
  };
});

let stopClient = (): void => {};
afterAll(() => stopClient());

test("the README's room and client run as shown, and count on when the room's server is killed", async () => {
  expect(clientExample).toContain("ws://localhost:8080/");
  writeFileSync(join(folder, "client.mjs"), clientExample.replace("ws://localhost:8080", cluster.clientUrl));
  const client = spawn(process.execPath, ["--experimental-websocket", join(folder, "client.mjs")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  stopClient = () => client.kill("SIGKILL");
  let output = "";
  client.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const lines = (): string[] => output.split("\n").slice(0, -1);
  await until(lines, (all) => all.length >= 4);
  await cluster.signal((await cluster.room("counter/first"))?.server ?? "", "SIGKILL");
  const before = lines().length;
  await until(lines, (all) => all.length >= before + 4);
  expect(lines()).toEqual(lines().map((_line, index) => `total ${index}`));
});
