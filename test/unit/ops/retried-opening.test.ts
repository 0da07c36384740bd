import { beforeEach, expect, test } from "vitest";
import { openWithRetries, type RetriedOpening } from "../../../gateway/ops/retried-opening.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../../support/virtual-runtime.ts";

let runtime: VirtualRuntime;
let triedMs: number[];
let isThere: boolean;
let heard: string[];
let opening: RetriedOpening<string>;

beforeEach(() => {
  runtime = createVirtualRuntime();
  triedMs = [];
  heard = [];
  isThere = false;
  const open = async (): Promise<string> => {
    triedMs.push(runtime.nowMs());
    if (!isThere) throw new Error("not there");
    return "opened";
  };
  opening = openWithRetries(open, runtime, 5_000, (reason) => heard.push(reason));
});

test("QUAR-3: what cannot be opened is tried again, ever more slowly, and for ever", async () => {
  await runtime.advanceAsync(600_000);
  const pauses = triedMs.map((atMs, index) => atMs - (triedMs[index - 1] ?? 0));
  expect(pauses.slice(0, 9)).toEqual([5_000, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(heard).toEqual(["not there"]);
  isThere = true;
  await runtime.advanceAsync(30_000);
  const tries = triedMs.length;
  await runtime.advanceAsync(600_000);
  expect(triedMs).toHaveLength(tries);
  expect(await opening.get()).toBe("opened");
});

test("QUAR-3: whoever needs it has a try made at once, and no answer where it fails", async () => {
  expect(await opening.get()).toBeUndefined();
  isThere = true;
  expect(await opening.get()).toBe("opened");
  expect(await opening.get()).toBe("opened");
  expect(triedMs).toEqual([0, 0]);
  opening.stop();
  expect(runtime.timerCount).toBe(0);
});
