import { once } from "node:events";
import { loadavg } from "node:os";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Doc, encodeStateAsUpdate } from "yjs";
import { compact } from "../../demo-editor/server/compaction.ts";
import { compactInThreads } from "../../demo-editor/server/compaction-threads.ts";
import { encodePresence } from "../../demo-editor/server/rules/messages.ts";
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

function write(target: Cluster, document: string, name?: string): Writer {
  const writer = openWriter(target.clientUrl, document, name === undefined ? {} : { name });
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

describe("documents on real sockets", () => {
  const documentBytesMax = 40_000;
  let target: Cluster;
  /** Of each test, so that none sees what another one did. */
  let name: string;

  beforeAll(async () => {
    target = await startCluster({
      flags: ["--servers", "2"],
      env: { EDITOR_DOCUMENT_BYTES_MAX: String(documentBytesMax) },
    });
  });
  afterAll(() => target?.dispose());
  beforeEach(({ task }) => {
    name = `quiet-${task.id}`;
  });

  const shown = (writer: Writer, text: string) =>
    until(
      () => writer.text,
      (seen) => seen === text,
    );

  /** By somebody who has nothing of it but what the room tells. */
  async function untilShown(document: string, text: string): Promise<void> {
    const reader = openWriter(target.clientUrl, document);
    await shown(reader, text).finally(() => reader.leave());
  }

  async function closeOfStranger(messages: readonly (Uint8Array | string)[]): Promise<number> {
    const stranger = new WebSocket(`${target.clientUrl}/rooms/editor/${name}`);
    await once(stranger, "open");
    const closed = once(stranger, "close");
    for (const message of messages) stranger.send(message);
    return (await closed)[0];
  }

  const presence = (client: number, clock: number) => encodePresence([{ client, clock, state: "{}" }]);
  const count = <T>(length: number, make: (index: number) => T): T[] =>
    Array.from({ length }, (_, index) => make(index));

  test("EDIT-2: whoever sends what is not understood, or too much, is closed with the right code, and the writers do not notice", async () => {
    const [ada, bob] = [write(target, name, "Ada"), write(target, name, "Bob")];
    await Promise.all([ada, bob].map((writer) => untilSynced(writer)));
    ada.doc.getText("text").insert(0, "precious");
    await shown(bob, "precious");
    expect(await closeOfStranger(["hello"])).toBe(4400);
    expect(await closeOfStranger([Uint8Array.of(9, 9)])).toBe(4400);
    expect(await closeOfStranger([Uint8Array.of(0, 2, 3, 1, 2, 3)])).toBe(4400);
    expect(await closeOfStranger([new Uint8Array(2 * 1024 * 1024)])).toBe(1009);
    expect(await closeOfStranger(count(1_000, (clock) => presence(1, clock + 1)))).toBe(4429);
    expect(await closeOfStranger(count(40, (client) => presence(client, 1)))).toBe(1008);
    bob.doc.getText("text").insert(8, ", undisturbed");
    await shown(ada, "precious, undisturbed");
    await untilShown(name, "precious, undisturbed");
    for (const writer of [ada, bob]) {
      expect(writer.closes).toEqual([]);
      await until(
        () => writer.names,
        (names) => names.join() === "Ada,Bob",
      );
    }
  });

  test("EDIT-3: a document is as large as the setting says at most; who writes more is closed with 1009, and others make room", async () => {
    const [ada, eve] = [write(target, name), write(target, name)];
    await Promise.all([ada, eve].map((writer) => untilSynced(writer)));
    ada.doc.getText("text").insert(0, "a".repeat(documentBytesMax - 10_000));
    await until(
      () => eve.text.length,
      (length) => length === documentBytesMax - 10_000,
    );
    eve.doc.getText("text").insert(0, "e".repeat(20_000));
    await until(
      () => eve.closes,
      (closes) => closes.includes(1009),
    );
    eve.leave();
    ada.doc.getText("text").delete(0, documentBytesMax - 10_005);
    await untilShown(name, "aaaaa");
    ada.doc.getText("text").insert(5, "!".repeat(20_000));
    await untilShown(name, `aaaaa${"!".repeat(20_000)}`);
    expect(ada.closes).toEqual([]);
  });

  test("EDIT-4: who is here is seen without a flicker while the document moves and its server dies, and is gone at once when it leaves", async () => {
    const [ada, bob] = [write(target, name, "Ada"), write(target, name, "Bob")];
    const sees = (writer: Writer, names: string) =>
      until(
        () => writer.names.join(),
        (seen) => seen === names,
        5_000,
      );
    await Promise.all([sees(ada, "Ada,Bob"), sees(bob, "Ada,Bob")]);
    const flickers: string[] = [];
    const watch = () => {
      if (bob.names.join() !== "Ada,Bob") flickers.push(bob.names.join());
    };
    bob.provider.awareness.on("change", watch);
    for (let moves = 0; moves < 4; moves += 1) {
      const owner = (await target.room(`editor/${name}`))?.server;
      const other = (await target.liveServers()).find(({ id }) => id !== owner)?.id ?? "";
      expect((await target.move(`editor/${name}`, other)).status).toBe(200);
      ada.provider.awareness.setLocalStateField("cursor", moves);
      await until(
        () => bob.provider.awareness.getStates().get(ada.doc.clientID)?.["cursor"],
        (cursor) => cursor === moves,
      );
    }
    const victim = (await target.room(`editor/${name}`))?.server ?? "";
    await target.signal(victim, "SIGKILL");
    ada.doc.getText("text").insert(0, "after");
    await shown(bob, "after");
    // What the new owner does not know yet it asks for, and who is not here it says is gone: a round of both.
    ada.provider.awareness.setLocalStateField("cursor", "after");
    await until(
      () => bob.provider.awareness.getStates().get(ada.doc.clientID)?.["cursor"],
      (cursor) => cursor === "after",
    );
    expect(flickers).toEqual([]);
    bob.provider.awareness.off("change", watch);
    ada.leave();
    await sees(bob, "Bob");
    expect(bob.closes).toEqual([]);
    await target.untilLive(2);
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
