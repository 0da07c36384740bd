import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { watchTiming } from "../../gateway/ops/turn-watch.ts";
import { openStore } from "../../gateway/store/open.ts";
import { memberOf } from "../contract/store/fixtures.ts";

const watchdog = new URL("../../dist/gateway/ops/turn-watchdog.js", import.meta.url).href;
/** When the thread has tried to open its store for the first time. */
const triedMs = 6_000;
const endedMsMax = watchTiming.endMs + 6_000;

let directory: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "roomgate-watchdog-"));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await rm(directory, { recursive: true });
});

/** A process that has a turn of `app/deadly` in which its loop is blocked for ever, from `blockAfterMs` on. */
function startBlocking(
  storeUrl: string,
  blockAfterMs: number,
): { readonly said: string[]; readonly ended: Promise<unknown[]> } {
  const code = `
    import { startTurnWatchdog } from ${JSON.stringify(watchdog)};
    const say = (fields, message) => console.log(message, JSON.stringify(fields));
    const dog = startTurnWatchdog(${JSON.stringify(storeUrl)}, { debug: say, info: say, warn: say, error: say });
    const mark = dog.marker.register("app/deadly");
    dog.heartbeat(${JSON.stringify(memberOf("s1", "i"))});
    setTimeout(() => {
      console.log("blocked");
      dog.marker.enter(mark);
      for (;;);
    }, ${blockAfterMs});
  `;
  const script = join(directory, "blocking.mjs");
  writeFileSync(script, code);
  const said: string[] = [];
  const started = spawn(process.execPath, [script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = started;
  started.stdout.setEncoding("utf8").on("data", (text: string) => said.push(text));
  return { said, ended: once(started, "exit") };
}

async function within<T>(event: Promise<T>, msMax: number): Promise<T | "nothing"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"nothing">((resolve) => {
    timer = setTimeout(() => resolve("nothing"), msMax);
  });
  return Promise.race([event, late]).finally(() => clearTimeout(timer));
}

describe("QUAR-3: a process whose loop stays blocked is ended", () => {
  test.each([
    ["has no engine", "nats://nowhere"],
    ["has no directory", "lmdb:/proc/roomgate-watchdog"],
  ])("where its store %s", async (_what, url) => {
    const { said, ended } = startBlocking(url, triedMs);
    expect(await within(ended, triedMs + endedMsMax)).toEqual([null, "SIGKILL"]);
    if (url.startsWith("nats")) expect(said.join("")).toContain("cannot write to the store");
  });

  test("and its room is written down first where that can be done, without a second environment", async () => {
    const url = `lmdb:${join(directory, "store")}`;
    const store = await openStore(url);
    const { ended } = startBlocking(url, 300);
    const suspects = async () => {
      const answer = await store.members.list();
      return answer.kind === "members" ? answer.members.map(({ suspect }) => suspect) : [];
    };
    await expect.poll(suspects, { timeout: 8_000 }).toEqual(["app/deadly"]);
    expect(await within(ended, endedMsMax)).toEqual([null, "SIGKILL"]);
    await store.close();
  });
});
