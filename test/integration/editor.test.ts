import { once } from "node:events";
import { loadavg } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Doc, encodeStateAsUpdate } from "yjs";
import { compact } from "../../demo-editor/server/compaction.ts";
import { compactInThreads } from "../../demo-editor/server/compaction-threads.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { lettersOf, openWriter, untilSynced, type Writer } from "../support/editor/writers.ts";
import { quantiles } from "../support/quantiles.ts";
import { sleep, until } from "../support/until.ts";
import { seededRandom } from "../support/virtual-runtime.ts";

/** `npm run soak -- editor` takes the long one. */
const isLong = process.env["ROOMGATE_SOAK"] === "long";
const seed = Number(process.env["ROOMGATE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const plan = isLong
  ? { writers: 20, typingMs: 60_000, moveEveryMs: 250, killEveryMs: 10_000 }
  : { writers: 20, typingMs: 12_000, moveEveryMs: 250, killEveryMs: 5_000 };

const document = "torture";
const room = `editor/${document}`;
let cluster: Cluster | undefined;
const writers: Writer[] = [];

async function start(flags: readonly string[] = []): Promise<Cluster> {
  cluster = await startCluster({ flags });
  return cluster;
}

function write(target: Cluster, name: string): Writer {
  const writer = openWriter(target.clientUrl, name);
  writers.push(writer);
  return writer;
}

afterEach(async () => {
  for (const writer of writers.splice(0)) writer.leave();
  await cluster?.dispose();
  cluster = undefined;
});

/** Moves the document again and again while `goesOn`. Answers the pauses of the moves, and how many came to nothing. */
async function moveAbout(target: Cluster, goesOn: () => boolean): Promise<{ pausesMs: number[]; refused: number }> {
  const pausesMs: number[] = [];
  let refused = 0;
  while (goesOn()) {
    const nextMs = performance.now() + plan.moveEveryMs;
    const owner = (await target.room(room))?.server;
    const other = (await target.liveServers()).filter(({ id }) => id !== owner);
    const to = other[Math.floor(Math.random() * other.length)]?.id;
    const reply = owner !== undefined && to !== undefined ? await target.move(room, to) : undefined;
    if (reply?.status === 200) pausesMs.push(reply.body.pauseMs);
    else refused += 1;
    await sleep(Math.max(0, nextMs - performance.now()));
  }
  return { pausesMs, refused };
}

async function killOwners(target: Cluster, goesOn: () => boolean): Promise<number> {
  let kills = 0;
  for (let nextMs = performance.now() + plan.killEveryMs; ; nextMs += plan.killEveryMs) {
    while (goesOn() && performance.now() < nextMs) await sleep(50);
    if (!goesOn()) return kills;
    const owner = await until(
      async () => (await target.room(room))?.server,
      (server) => server !== undefined,
    );
    await target.signal(owner ?? "", "SIGKILL");
    kills += 1;
  }
}

describe("a document that 20 unmodified providers write", () => {
  test("EDIT-1: is the same everywhere and whole while it moves and its servers are killed, and nobody is closed", {
    timeout: plan.typingMs + 150_000,
  }, async () => {
    const random = seededRandom(seed);
    const target = await start(["--servers", "3"]);
    const all = Array.from({ length: plan.writers }, () => write(target, document));
    await Promise.all(all.map((writer) => untilSynced(writer)));

    const endMs = performance.now() + plan.typingMs;
    const goesOn = () => performance.now() < endMs;
    const blows = Promise.all([moveAbout(target, goesOn), killOwners(target, goesOn)]);
    let edits = 0;
    while (goesOn()) {
      for (const writer of all) if (random() < 0.3) writer.type(random);
      edits += 1;
      await sleep(60);
    }
    const [{ pausesMs, refused }, kills] = await blows;

    const isOne = () => new Set(all.map(({ text }) => text)).size === 1;
    await until(isOne, (same) => same, 30_000);
    const reader = write(target, document);
    await untilSynced(reader);
    console.log(
      `seed ${seed}: ${pausesMs.length} moves, pause ${quantiles(pausesMs)}, ${refused} refused; ${kills} kills; ` +
        `${all.reduce((sum, { typed }) => sum + typed, 0)} letters typed in ${edits} rounds, ${reader.text.length} left; ` +
        `load average ${loadavg()[0]?.toFixed(1)}`,
    );
    expect(reader.text).toBe(all[0]?.text);
    const stored = lettersOf(reader.doc);
    for (const { doc, typed } of all) expect(stored.get(doc.clientID) ?? 0).toBe(typed);
    for (const { closes } of all) expect(closes).toEqual([]);
    expect(kills).toBeGreaterThan(0);
    expect(pausesMs.length).toBeGreaterThan(5);
  });
});

describe("a stranger on a real socket", () => {
  test("EDIT-2: is closed with the right code, and the writers do not notice", async () => {
    const target = await start(["--servers", "1"]);
    const ada = write(target, "quiet");
    await untilSynced(ada);
    for (const [bytes, code] of [
      [Uint8Array.of(9, 9), 4400],
      [Uint8Array.of(0, 2, 3, 1, 2, 3), 4400],
      [new Uint8Array(2 * 1024 * 1024), 1009],
    ] as const) {
      const stranger = new WebSocket(`${target.clientUrl}/rooms/editor/quiet`);
      await once(stranger, "open");
      stranger.send(bytes);
      expect((await once(stranger, "close"))[0]).toBe(code);
    }
    ada.doc.getText("text").insert(0, "undisturbed");
    const reader = write(target, "quiet");
    await until(
      () => reader.text,
      (text) => text === "undisturbed",
    );
    expect(ada.closes).toEqual([]);
  });
});

describe("the thread that compacts", () => {
  const thread = new URL("../../dist/demo-editor/server/compaction-thread.js", import.meta.url);
  const updates = Array.from({ length: 20 }, () => {
    const doc = new Doc();
    doc.getText("text").insert(0, "some text ");
    return encodeStateAsUpdate(doc);
  });

  test("gives what compacting here gives, to each in turn", async () => {
    const compactBeside = compactInThreads(thread);
    const { signal } = new AbortController();
    const [first, second] = await Promise.all([
      compactBeside(updates, signal),
      compactBeside(updates.slice(0, 1), signal),
    ]);
    expect(first).toEqual(compact(updates));
    expect(second).toEqual(compact(updates.slice(0, 1)));
  });

  test("says so where it cannot, or is not wanted any more, and goes on with the next", async () => {
    const compactBeside = compactInThreads(thread);
    const aborted = AbortSignal.abort();
    const { signal } = new AbortController();
    await expect(compactBeside(updates, aborted)).rejects.toThrow();
    await expect(compactBeside([Uint8Array.of(9, 9, 9)], signal)).rejects.toThrow();
    expect(await compactBeside(updates, signal)).toEqual(compact(updates));
  });
});

describe("documents in a cluster that is killed as a whole", () => {
  test("EDIT-1: are all there when it starts again", async () => {
    const names = Array.from({ length: 12 }, (_, number) => `kept-${number}`);
    const first = await start(["--servers", "2", "--no-restart"]);
    for (const name of names) {
      const writer = write(first, name);
      await untilSynced(writer);
      writer.doc.getText("text").insert(0, `what ${name} says`);
      // A second one sees it: then it is durable.
      const reader = write(first, name);
      await until(
        () => reader.text,
        (text) => text.length > 0,
      );
    }
    const killed = [...(await first.servers()), ...(await first.gateways())];
    for (const { pid } of killed) process.kill(pid, "SIGKILL");
    first.kill("SIGKILL");
    await first.ended;
    for (const writer of writers.splice(0)) writer.leave();

    const second = await startCluster({ flags: ["--servers", "2"], store: first.store });
    try {
      for (const name of names) {
        const reader = openWriter(second.clientUrl, name);
        writers.push(reader);
        await untilSynced(reader);
        expect(reader.text).toBe(`what ${name} says`);
      }
    } finally {
      await second.dispose();
    }
  });
});
