import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "../support/cluster.ts";

/** So that no socket is closed because this machine is slow. */
const patience = ["--hold-ms", "120000", "--hold-frames-max", "10000"];
/** This run is about what is lost, not about how fast this machine is. */
const anyTimes = ["--latency-p99-ms", "60000", "--longest-wait-ms", "60000", "--move-pause-p99-ms", "60000"];
const brokenPromise = 99;

interface Run {
  readonly exit: number | null;
  readonly output: string;
}

type Summary = Readonly<Record<string, { readonly values: Readonly<Record<string, number>> }>>;

let folder: string;
let cluster: Cluster | undefined;

beforeEach(({ onTestFailed }) => {
  folder = mkdtempSync(join(tmpdir(), "roomgate-load-"));
  onTestFailed(() => console.log(cluster?.log.text().slice(-20_000)));
});

afterEach(async () => {
  await cluster?.dispose();
  cluster = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function firstExample(page: string): string {
  const text = readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), "utf8");
  return /^```js\n(.*?)^```$/ms.exec(text)?.[1] ?? "";
}

function runScript(name: string, args: readonly string[]): Promise<Run> {
  const script = fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const take = (text: string) => {
    output += text;
  };
  child.stdout.setEncoding("utf8").on("data", take);
  child.stderr.setEncoding("utf8").on("data", take);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exit) => resolve({ exit, output }));
  });
}

describe("npm run load", () => {
  test("LOAD-1: all scenarios at once keep their promises while rooms move, servers are drained and one is killed", async () => {
    cluster = await startCluster({ flags: patience });
    const [report, summary] = [join(folder, "report.html"), join(folder, "summary.json")];
    const where = [
      "--url",
      cluster.clientUrl,
      "--admin-url",
      cluster.adminUrl,
      "--report",
      report,
      "--summary",
      summary,
    ];
    const mix = ["--mix", "connect=5,echo=10,fan=10,commit=10,game=10,editor=5", "--duration", "16s"];
    const blows = ["--moves-per-second", "4", "--drain-every", "8s", "--kill-every", "30s"];
    const { exit, output } = await runScript("load.mjs", ["chaos", ...where, ...mix, ...blows, ...anyTimes]);
    console.log(output);
    expect(output).toContain("every promise was kept");
    expect(exit).toBe(0);
    expect(output).toContain(`report: ${report}`);
    expect(readFileSync(report, "utf8")).toContain("every promise was kept");
    const metrics = JSON.parse(readFileSync(summary, "utf8")) as Summary;
    const count = (name: string) => metrics[name]?.values["count"] ?? 0;
    expect(count("joined")).toBe(50);
    expect(count("moves")).toBeGreaterThan(10);
    expect(count("drains")).toBeGreaterThan(0);
    expect(count("kills")).toBe(1);
    expect(count("message_latency")).toBeGreaterThan(500);
  });

  test("LOAD-2: a broken hold breaks the promises of chaos", async () => {
    const { exit, output } = await runScript("load-broken.mjs", ["--duration", "8s"]);
    console.log(output);
    expect(output).toContain("broken: gaps{strict:yes} count==0");
    expect(exit).toBe(0);
  });

  test.each([
    [["chess"], 2, 'there is no scenario "chess"'],
    [["echo", "--url", "ws://127.0.0.1:9"], 2, "nothing answers at ws://127.0.0.1:9"],
    [["echo", "--url", "here"], 2, "--url is an address"],
    [["echo", "--loud"], 2, "Unknown option '--loud'"],
    [["--help"], 0, "--kill-every"],
  ])("says what is wrong with %j", async (args, wanted, text) => {
    const { exit, output } = await runScript("load.mjs", args);
    expect(output).toContain(text);
    expect(exit).toBe(wanted);
  });

  test("LOAD-1: the scenario of LOAD-TESTING.md runs as shown, and the exit code tells when a promise is broken", async () => {
    writeFileSync(join(folder, "my-rooms.mjs"), firstExample("README.md"));
    writeFileSync(join(folder, "counter.load.js"), firstExample("LOAD-TESTING.md"));
    cluster = await startCluster({ flags: ["--rooms", join(folder, "my-rooms.mjs")] });
    const where = ["--url", cluster.clientUrl, "--report", join(folder, "report.html"), "--vus", "4"];
    const own = [join(folder, "counter.load.js"), ...where];
    const kept = await runScript("load.mjs", [...own, "--duration", "2s", ...anyTimes]);
    expect(kept.output).toMatch(/kept +joined +count==4 +4\n/);
    expect(kept.output).toMatch(/ messages +[1-9]/);
    expect(kept.exit).toBe(0);

    const broken = await runScript("load.mjs", [...own, "--duration", "1s", "--latency-p99-ms", "0"]);
    expect(broken.output).toMatch(/BROKEN +message_latency +p\(99\)<0/);
    expect(broken.exit).toBe(brokenPromise);
  });
});
