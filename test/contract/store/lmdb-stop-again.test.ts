import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ownMark } from "../../../gateway/store/lmdb/process-start.ts";
import { type Listener, type Signals, stopAgainWhenWoken } from "../../../gateway/store/lmdb/stop-again.ts";
import { leaveNote } from "../../../gateway/store/lmdb/wake-note.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../../support/virtual-runtime.ts";

let directory: string;
let runtime: VirtualRuntime;
let listeners: Listener[];
let stops: number;
let close: () => void;
/** This process, but that it only counts how often it stops itself. */
let signals: Signals;
const signal = (): void => {
  for (const listener of listeners) listener();
};
const settle = () => new Promise((resolve) => setTimeout(resolve, 60));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "roomgate-woken-"));
  runtime = createVirtualRuntime();
  listeners = [];
  stops = 0;
  signals = {
    pid: process.pid,
    listeners: () => listeners,
    on: (listener) => listeners.push(listener),
    off: (listener) => {
      listeners = listeners.filter((each) => each !== listener);
    },
    stop: () => {
      stops += 1;
    },
  };
  close = stopAgainWhenWoken(directory, runtime.log, signals);
});
afterEach(async () => {
  close();
  await rm(directory, { recursive: true });
});

async function leave(mark = ownMark()) {
  const note = await leaveNote(directory, mark);
  if (note === undefined) throw new Error("there is a note already");
  return note;
}

describe("STORE-12: a process that was woken", () => {
  test("stops itself once, when the span is over and not before, and takes the note", async () => {
    const note = await leave();
    signal();
    await settle();
    expect(stops).toBe(0);
    await note.end();
    await expect.poll(() => stops).toBe(1);
    await note.taken();
    await settle();
    expect(stops).toBe(1);
    expect(await readdir(join(directory, "woken"))).toEqual([]);
  });

  test("stops itself also where the span was over before it could look", async () => {
    const note = await leave();
    await note.end();
    signal();
    await expect.poll(() => stops).toBe(1);
  });

  test("goes on where it was continued within the span, and says so", async () => {
    const note = await leave();
    signal();
    await settle();
    signal();
    await note.end();
    await note.taken();
    await expect.poll(() => runtime.linesWith("not stopped again").length).toBe(1);
    expect(stops).toBe(0);
  });

  test("goes on where its waker finds it continued by somebody else before its own signal", async () => {
    const note = await leave();
    signal();
    await note.withdraw();
    await expect.poll(() => runtime.linesWith("not stopped again").length).toBe(1);
    expect(await readdir(join(directory, "woken"))).toEqual([]);
    const late = await leave();
    const gone = late.withdraw();
    await settle();
    signal();
    await gone;
    expect(stops).toBe(0);
  });

  test("leaves the note of another waker where it is", async () => {
    const note = await leave();
    signal();
    await rm(join(directory, "woken"), { recursive: true });
    await leave();
    await expect.poll(() => stops).toBe(1);
    expect(await readdir(join(directory, "woken"))).toEqual([String(process.pid)]);
    await note.end();
  });

  test("is not the one that was continued by somebody else, or to whom the note was not written", async () => {
    signal();
    const { pid, start } = ownMark();
    const note = await leave({ pid, start: Buffer.from(start.map((byte) => byte ^ 0xff)) });
    await note.end();
    signal();
    await settle();
    expect(stops).toBe(0);
  });

  test("counts a note once: whoever continues it afterwards is obeyed", async () => {
    const note = await leave();
    await note.end();
    signal();
    await expect.poll(() => stops).toBe(1);
    await note.end();
    signal();
    await settle();
    expect(stops).toBe(1);
  });

  test("is woken by one at a time", async () => {
    const note = await leave();
    expect(await leaveNote(directory, ownMark())).toBeUndefined();
    await note.taken();
    expect(await leaveNote(directory, ownMark())).toBeDefined();
  });

  test("listens once for all its stores, and no more when they are closed", () => {
    const others = [directory, join(directory, "other")].map((path) => stopAgainWhenWoken(path, runtime.log, signals));
    expect(listeners).toHaveLength(1);
    for (const closeOther of others) closeOther();
    expect(listeners).toHaveLength(1);
    close();
    expect(listeners).toHaveLength(0);
    close = () => {};
  });
});
