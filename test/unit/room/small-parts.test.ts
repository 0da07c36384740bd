import { expect, test } from "vitest";
import { readApps } from "../../../gateway/room/apps.ts";
import { LatestKeys } from "../../../gateway/room/latest-keys.ts";
import { RoomWork, type Task, worksMax } from "../../../gateway/room/room-work.ts";
import type { AppDefinition, Apps, WorkOutcome } from "../../../gateway/room/sdk.ts";

const sound: AppDefinition = { durability: "memory", create: () => ({ onMessage: () => {} }) };

test("ROOM-24: apps that are sound are known by their names", () => {
  const apps = readApps({ a: sound, "b-2": { ...sound, tickHz: 60, idleMs: 0, sessionsMax: 5 } });
  expect([...apps.keys()]).toEqual(["a", "b-2"]);
});

test("ROOM-24: everything that is wrong with apps is said at once, each with its name", () => {
  const wrong = {
    "Not a name": sound,
    none: { ...sound, create: undefined },
    durable: { ...sound, durability: "sometimes" },
    fast: { ...sound, tickHz: 1_000, messageBytesMax: -1, idleMs: Number.NaN },
    wide: { ...sound, sessionsMax: 40_001, version: "v".repeat(129) },
  } as unknown as Apps;
  let message = "";
  try {
    readApps(wrong);
  } catch (error) {
    expect(error).toMatchObject({ code: "bad-app", retryable: false });
    message = (error as Error).message;
  }
  for (const part of [
    '"Not a name"',
    '"none": create',
    '"durable": ',
    '"fast": tickHz',
    "messageBytesMax",
    "idleMs",
    "sessionsMax",
    "version",
  ]) {
    expect(message).toContain(part);
  }
  expect(() => readApps({})).toThrow("there is no app");
});

test("ROOM-22: a key of latest messages keeps its number, and numbers are not used again when too many keys are forgotten", () => {
  const keys = new LatestKeys();
  const first = keys.of("first");
  expect([first, keys.of("second"), keys.of("first")]).toEqual([1, 2, 1]);
  const seen = new Set([first, 2]);
  for (let index = 0; index < 70_000; index += 1) seen.add(keys.of(`key ${index}`));
  expect(seen.size).toBe(70_002);
  expect(seen.has(keys.of("first"))).toBe(false);
});

function works() {
  const outcomes: [string, WorkOutcome][] = [];
  const thrown: unknown[] = [];
  const work: RoomWork = new RoomWork(
    (name, outcome) => {
      outcomes.push([name, outcome]);
      work.over(name);
    },
    (error) => thrown.push(error),
  );
  return { outcomes, thrown, work, start: (name: string, task: Task) => work.reserve(name, task)() };
}

const promisesAtRest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("ROOM-7: work begins outside of the turn that asks for it, and its outcome comes once", async () => {
  const { outcomes, work, start } = works();
  let began = false;
  start("x", async () => {
    began = true;
    return 1;
  });
  expect([began, work.names()]).toEqual([false, ["x"]]);
  await promisesAtRest();
  expect([began, work.names(), outcomes]).toEqual([true, [], [["x", { kind: "done", value: 1 }]]]);
});

test("ROOM-7: work that throws at once, or later, has failed", async () => {
  const { outcomes, start } = works();
  start("at once", () => {
    throw new Error("one");
  });
  start("later", async () => {
    throw new Error("two");
  });
  await promisesAtRest();
  expect(outcomes).toEqual([
    ["at once", { kind: "failed", error: new Error("one") }],
    ["later", { kind: "failed", error: new Error("two") }],
  ]);
});

test("ROOM-7: work that is aborted hears of it, and whatever comes of it is not heard", async () => {
  const { outcomes, work, start } = works();
  const signals: AbortSignal[] = [];
  let finish = (): void => {};
  start("x", (signal) => {
    signals.push(signal);
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  await promisesAtRest();
  work.abortAll();
  finish();
  await promisesAtRest();
  expect([signals.map(({ aborted }) => aborted), outcomes, work.names()]).toEqual([[true], [], []]);
  start("x", async () => 2);
  await promisesAtRest();
  expect(outcomes).toEqual([["x", { kind: "done", value: 2 }]]);
});

test("ROOM-7: a name that is busy, and one too many, are refused", () => {
  const { start } = works();
  const never = () => new Promise(() => {});
  start("0", never);
  expect(() => start("0", never)).toThrow(/under way already/);
  for (let index = 1; index < worksMax; index += 1) start(String(index), never);
  expect(() => start("one more", never)).toThrow(/at most 256 works/);
});

test("ROOM-38: what listens to a task's signal and throws is a fault of its room, and ends no process", async () => {
  const { thrown, work, start } = works();
  const heard: string[] = [];
  const fail = (): void => {
    throw new Error("listener");
  };
  const removed = (): void => void heard.push("removed");
  start("x", (signal) => {
    signal.addEventListener("abort", fail);
    signal.addEventListener("abort", () => heard.push("heard"), { once: true });
    signal.addEventListener("abort", removed);
    signal.removeEventListener("abort", removed);
    signal.onabort = fail;
    return new Promise(() => {});
  });
  await promisesAtRest();
  work.abortAll();
  await promisesAtRest();
  expect([thrown.length, heard]).toEqual([2, ["heard"]]);
});
