import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Doc, encodeStateAsUpdate } from "yjs";
import { encodeAsk, encodePresence, encodeUpdate } from "../../../demo-editor/server/rules/messages.ts";
import { sealName } from "../../../demo-editor/server/rules/sealed-name.ts";
import { DocumentStage } from "../../support/editor/document-stage.ts";
import { openProvider, type StageProvider, settle } from "../../support/editor/stage-provider.ts";

const opened: StageProvider[] = [];
const open = (stage: DocumentStage, name: string, params?: Record<string, string>): StageProvider => {
  const provider = openProvider(stage, name, params);
  opened.push(provider);
  return provider;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
});
afterEach(() => {
  for (const provider of opened.splice(0)) provider.leave();
  vi.useRealTimers();
});

/** Time passes at the clients, and what they say in it arrives. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    vi.advanceTimersByTime(500);
    await settle();
  }
}

const updateOf = (change: (doc: Doc) => void): Uint8Array => {
  const doc = new Doc();
  change(doc);
  return encodeStateAsUpdate(doc);
};

describe("a document with unmodified providers", () => {
  it("EDIT-1: shows everybody the same text, and who comes later too", async () => {
    const stage = new DocumentStage();
    const [ada, bob] = [open(stage, "Ada"), open(stage, "Bob")];
    await settle();
    ada.write(0, "hello");
    bob.write(0, "world ");
    await settle();
    const eve = open(stage, "Eve");
    await settle();
    expect(eve.provider.synced).toBe(true);
    expect(new Set([ada.text, bob.text, eve.text]).size).toBe(1);
    expect(eve.text).toHaveLength(11);
  });

  it("EDIT-1: is after a crash what it was, from its journal alone and from a snapshot with the journal behind it", async () => {
    const stage = new DocumentStage();
    const ada = open(stage, "Ada");
    await settle();
    ada.write(0, "one ");
    await settle();
    stage.crash();
    ada.write(4, "two ");
    await settle();
    stage.store();
    ada.write(8, "three");
    ada.erase(0, 4);
    await settle();
    stage.crash();
    const bob = open(stage, "Bob");
    await settle();
    expect([ada.text, bob.text]).toEqual(["two three", "two three"]);
  });

  it("journals what is new alone: no awareness, and nothing when somebody comes back with what is known", async () => {
    const stage = new DocumentStage();
    const ada = open(stage, "Ada");
    const bob = open(stage, "Bob");
    await settle();
    ada.write(0, "some text");
    bob.erase(0, 5);
    await settle();
    const written = stage.entries.length;
    expect(written).toBe(1);
    ada.erase(0, 5);
    await settle();
    const erased = stage.entries.length;
    ada.provider.awareness.setLocalStateField("cursor", 3);
    bob.cut();
    await pass(1_000);
    stage.move();
    ada.cut();
    await pass(1_000);
    expect(bob.provider.wsconnected && ada.provider.wsconnected).toBe(true);
    expect(stage.entries).toHaveLength(erased);
    expect([...stage.sessions.values()].flatMap(({ received }) => received).some(({ isReliable }) => !isReliable)).toBe(
      true,
    );
  });

  it("merges what was written while there was no connection", async () => {
    const stage = new DocumentStage();
    const [ada, bob] = [open(stage, "Ada"), open(stage, "Bob")];
    await settle();
    ada.write(0, "start");
    await settle();
    ada.provider.disconnect();
    ada.write(5, " away");
    bob.write(0, "here ");
    await settle();
    expect(bob.text).toBe("here start");
    ada.provider.connect();
    await pass(1_000);
    expect([ada.text, bob.text]).toEqual(["here start away", "here start away"]);
  });

  it("keeps what comes before that which it follows, and counts it when that is there", async () => {
    const stage = new DocumentStage();
    const source = new Doc();
    const updates: Uint8Array[] = [];
    source.on("update", (update: Uint8Array) => updates.push(update));
    for (const part of ["a", "b", "c"]) source.getText("text").insert(source.getText("text").length, part);
    const [first, second, third] = updates;
    const session = stage.join();
    for (const update of [third, first, second]) stage.say(session, encodeUpdate(update ?? new Uint8Array()));
    stage.ring();
    const bob = open(stage, "Bob");
    await settle();
    expect(bob.text).toBe("abc");
    const before = stage.entries.length;
    stage.say(session, encodeUpdate(encodeStateAsUpdate(source)));
    expect(stage.entries).toHaveLength(before);
  });
});

describe("EDIT-4: who is in a document", () => {
  it("is known to all at once, and nobody else after it has left", async () => {
    const stage = new DocumentStage();
    const [ada, bob] = [open(stage, "Ada"), open(stage, "Bob")];
    await settle();
    const eve = open(stage, "Eve");
    await settle();
    for (const one of [ada, bob, eve]) expect(one.names).toEqual(["Ada", "Bob", "Eve"]);
    // Its socket is gone without a last word.
    eve.provider.shouldConnect = false;
    eve.cut();
    await settle();
    for (const one of [ada, bob]) expect(one.names).toEqual(["Ada", "Bob"]);
  });

  it("comes back at once on a new socket, with the state that it had", async () => {
    const stage = new DocumentStage();
    const [ada, bob] = [open(stage, "Ada"), open(stage, "Bob")];
    await settle();
    ada.cut();
    await settle();
    expect(bob.names).toEqual(["Bob"]);
    await pass(500);
    expect(bob.names).toEqual(["Ada", "Bob"]);
    stage.ring("renewal");
    await settle();
    expect(bob.names).toEqual(["Ada", "Bob"]);
    expect(ada.names).toEqual(["Ada", "Bob"]);
  });

  it("is not seen to go or come while the document moves", async () => {
    const stage = new DocumentStage();
    const [ada, bob] = [open(stage, "Ada"), open(stage, "Bob")];
    await settle();
    const changes: unknown[] = [];
    ada.provider.awareness.on("change", ({ added, removed }: { added: unknown[]; removed: unknown[] }) => {
      changes.push(...added, ...removed);
    });
    for (let moves = 0; moves < 3; moves += 1) {
      stage.move();
      stage.ring();
      await settle();
    }
    const eve = open(stage, "Eve");
    await settle();
    expect(eve.names).toEqual(["Ada", "Bob", "Eve"]);
    expect(changes).toEqual([eve.doc.clientID]);
    eve.provider.shouldConnect = false;
    eve.cut();
    await settle();
    expect([ada.names, bob.names]).toEqual([
      ["Ada", "Bob"],
      ["Ada", "Bob"],
    ]);
  });

  it("is asked for after a crash, and who has left meanwhile is gone", async () => {
    const stage = new DocumentStage();
    const [ada, bob] = [open(stage, "Ada"), open(stage, "Bob")];
    await settle();
    stage.store();
    const eve = open(stage, "Eve");
    await settle();
    const [, bobsSession] = [...stage.sessions.values()];
    if (bobsSession === undefined) throw new Error("Bob has no session");
    bob.provider.shouldConnect = false;
    stage.crash(bobsSession);
    stage.ring();
    await settle();
    expect([ada.names, eve.names]).toEqual([
      ["Ada", "Eve"],
      ["Ada", "Eve"],
    ]);
    const zoe = open(stage, "Zoe");
    await settle();
    expect(zoe.names).toEqual(["Ada", "Eve", "Zoe"]);
  });

  it("is forgotten when it has not renewed its state for long", async () => {
    const stage = new DocumentStage();
    const ada = open(stage, "Ada");
    const silent = stage.join();
    stage.say(silent, encodePresence([{ client: 7, clock: 1, state: '{"user":{"name":"Sid"}}' }]));
    await settle();
    expect(ada.names).toEqual(["Ada", "Sid"]);
    for (let round = 0; round < 5; round += 1) {
      await pass(10_000);
      stage.ring();
      await settle();
    }
    expect(ada.names).toEqual(["Ada"]);
    const bob = open(stage, "Bob");
    await settle();
    expect(bob.names).toEqual(["Ada", "Bob"]);
  });

  it("cannot be changed or ended by somebody else", async () => {
    const stage = new DocumentStage();
    const [ada, bob] = [open(stage, "Ada"), open(stage, "Bob")];
    await settle();
    const stranger = stage.join();
    const client = ada.doc.clientID;
    stage.say(stranger, encodePresence([{ client: 9, clock: 1, state: "{}" }]));
    stage.say(stranger, encodePresence([{ client, clock: 99, state: '{"user":{"name":"Mallory"}}' }]));
    stage.say(stranger, encodePresence([{ client, clock: 99, state: undefined }]));
    await settle();
    expect(bob.names.filter((name) => name !== undefined)).toEqual(["Ada", "Bob"]);
  });
});

describe("EDIT-2: bad input", () => {
  const noise = new Uint8Array([1, 2, 3, 4, 5, 250, 251]);
  const presence = (client: number, clock: number, state = "{}") => encodePresence([{ client, clock, state }]);

  it.each<[string, number, (stage: DocumentStage) => (Uint8Array | string)[]]>([
    ["text", 4400, () => ["hello"]],
    ["nothing", 4400, () => [new Uint8Array()]],
    ["a message of no known kind", 4400, () => [Uint8Array.of(9, 1)]],
    ["a sync message of no known kind", 4400, () => [Uint8Array.of(0, 7, 0)]],
    ["a message that is longer than it says", 4400, () => [Uint8Array.of(0, 2, 2, 0, 0, 5)]],
    ["a message that is shorter than it says", 4400, () => [Uint8Array.of(0, 2, 200, 0)]],
    ["an update that does not decode", 4400, () => [encodeUpdate(noise)]],
    ["a state vector that does not decode", 4400, () => [encodeAsk(Uint8Array.of(200))]],
    ["presence that is no JSON", 4400, () => [presence(1, 1, "{")]],
    ["presence that is no object", 4400, () => [presence(1, 1, "[]")]],
    ["presence that nests too deep", 4400, () => [presence(1, 1, `${'{"a":'.repeat(40)}1${"}".repeat(40)}`)]],
    ["presence that is too big", 1009, () => [presence(1, 1, JSON.stringify({ a: "x".repeat(9_000) }))]],
    ["an echo that is too long", 4400, () => [new Uint8Array(17).fill(64)]],
    ["a flood of presence", 4429, () => Array.from({ length: 2_000 }, (_, clock) => presence(1, clock + 1))],
    ["more clients than a session may speak for", 1008, () => Array.from({ length: 40 }, (_, n) => presence(n, 1))],
    [
      "more text than the document may have",
      1009,
      () => [encodeUpdate(updateOf((doc) => doc.getText("text").insert(0, "x".repeat(3_000))))],
    ],
  ])("closes whoever sends %s with %i; the document and the others are unharmed", async (_, code, messages) => {
    const stage = new DocumentStage({ documentBytesMax: 2_000 });
    const ada = open(stage, "Ada");
    await settle();
    ada.write(0, "precious");
    await settle();
    const entries = stage.entries.length;
    const stranger = stage.join();
    for (const message of messages(stage)) stage.say(stranger, message);
    await settle();
    expect(stranger.closed?.code).toBe(code);
    expect(stage.entries).toHaveLength(entries);
    ada.write(8, "!");
    await settle();
    stage.crash();
    const bob = open(stage, "Bob");
    await settle();
    expect([ada.text, bob.text, ada.provider.wsconnected]).toEqual(["precious!", "precious!", true]);
    expect(ada.names).toEqual(["Ada", "Bob"]);
  });

  it("EDIT-3: a document that is full still takes deletions, and what they free", async () => {
    const stage = new DocumentStage({ documentBytesMax: 2_000 });
    const ada = open(stage, "Ada");
    await settle();
    ada.write(0, "x".repeat(1_900));
    await settle();
    ada.erase(0, 1_800);
    await settle();
    expect(ada.provider.wsconnected).toBe(true);
    const bob = open(stage, "Bob");
    await settle();
    bob.write(0, "y".repeat(1_000));
    await settle();
    expect([bob.provider.wsconnected, ada.text]).toEqual([true, bob.text]);
  });
});

describe("EDIT-5: a reader", () => {
  const key = "correct-horse";
  const sealed = sealName("notes", key);

  it.each([
    ["of a link for reading", "notes", { mode: "read" }, false],
    ["of a sealed document without its key", sealed, {}, false],
    ["of a sealed document with another key", sealed, { key: "wrong" }, false],
    ["of a sealed document with its key", sealed, { key }, true],
    ["of any other document", "notes", {}, true],
  ] as const)("%s: %s %o may write: %s", async (_, id, params, mayWrite) => {
    const stage = new DocumentStage({}, id);
    const owner = open(stage, "Owner", { key });
    await settle();
    owner.write(0, "text");
    await settle();
    const reader = open(stage, "Reader", params);
    await settle();
    expect([reader.text, reader.provider.wsconnected]).toEqual(["text", true]);
    expect(owner.names).toEqual(["Owner", "Reader"]);
    reader.write(0, "my ");
    await settle();
    expect(owner.text).toBe(mayWrite ? "my text" : "text");
    expect(reader.provider.wsconnected).toBe(mayWrite);
    expect(reader.provider.shouldConnect).toBe(mayWrite);
  });
});

describe("an echo", () => {
  it("comes back to its sender alone, as it is", () => {
    const stage = new DocumentStage();
    const [ada, bob] = [stage.join(), stage.join()];
    stage.say(ada, Uint8Array.of(64, 5));
    expect(ada.received.at(-1)).toEqual({ bytes: Uint8Array.of(64, 5), isReliable: false });
    expect(bob.received.some(({ bytes }) => bytes[0] === 64)).toBe(false);
  });
});

describe("a large document", () => {
  it("is compacted beside the room, which goes on meanwhile; its state stays what it is, whatever comes of that", async () => {
    const stage = new DocumentStage();
    const ada = open(stage, "Ada");
    await settle();
    ada.write(0, "x".repeat(200_000));
    await settle();
    ada.write(0, "before ");
    await settle();
    expect(stage.compactions).toHaveLength(1);
    ada.write(0, "during ");
    const bob = open(stage, "Bob");
    await settle();
    expect(bob.text).toBe(ada.text);
    stage.compactions[0]?.finish();
    await settle();
    ada.write(0, "after ");
    await settle();
    stage.move();
    const eve = open(stage, "Eve");
    await settle();
    expect(eve.text).toBe(ada.text);
    expect(ada.text.startsWith("after during before xxx")).toBe(true);
  });
});
