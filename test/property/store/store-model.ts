import fc from "fast-check";
import { expect } from "vitest";
import type { Head, HeadVersion, Store } from "../../../gateway/store/port.ts";
import type { AppName, Epoch, RoomKey } from "../../../gateway/wire/ids.ts";
import { appNameOf, bytesText, noLimit, roomOf, serverOf, textBytes } from "../../contract/store/fixtures.ts";

/** What a room should be, by the words of the port and nothing else. */
interface ModelRoom {
  head: Head | undefined;
  /** Index 0 is position 1. */
  journal: string[];
  trimmed: number;
  snapshot: { position: number; version: string; text: string } | undefined;
}

/** What a caller believes of the head: the truth, or something near it. */
type Belief = "true" | "none" | "staleEpoch" | "staleTail" | "ahead";

export type Step =
  | {
      readonly t: "takeover";
      readonly room: number;
      readonly belief: Belief;
      readonly owner: number;
      readonly journaled: boolean;
    }
  | { readonly t: "release"; readonly room: number; readonly belief: Belief; readonly owner: number }
  | {
      readonly t: "append";
      readonly parts: readonly {
        readonly room: number;
        readonly belief: Belief;
        readonly texts: readonly string[];
        readonly mustRun: boolean | undefined;
      }[];
    }
  | {
      readonly t: "save";
      readonly room: number;
      readonly belief: Belief;
      readonly text: string;
      readonly times: number;
    }
  | { readonly t: "trim"; readonly room: number; readonly belief: Belief; readonly upTo: number }
  | { readonly t: "read"; readonly room: number; readonly after: number; readonly recordsMax: number }
  | {
      readonly t: "list";
      readonly owner: number | null | undefined;
      readonly mustRun: boolean;
      readonly after: number | undefined;
      readonly limit: number;
    };

const roomCount = 3;
const room = fc.nat(roomCount - 1);
const owner = fc.nat(2);
const belief = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Belief>("true") },
  { weight: 3, arbitrary: fc.constantFrom<Belief>("none", "staleEpoch", "staleTail", "ahead") },
);
const text = fc.string({ maxLength: 8 });

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ t: fc.constant("takeover" as const), room, belief, owner, journaled: fc.boolean() }),
    fc.record({ t: fc.constant("release" as const), room, belief, owner }),
    fc.record({
      t: fc.constant("append" as const),
      parts: fc.array(
        fc.record({
          room,
          belief,
          texts: fc.array(text, { maxLength: 4 }),
          mustRun: fc.constantFrom(undefined, undefined, true, false),
        }),
        { maxLength: 6 },
      ),
    }),
    fc.record({ t: fc.constant("save" as const), room, belief, text, times: fc.constantFrom(1, 1, 1, 200_000) }),
    fc.record({ t: fc.constant("trim" as const), room, belief, upTo: fc.nat(12) }),
    fc.record({ t: fc.constant("read" as const), room, after: fc.nat(10), recordsMax: fc.integer({ min: 1, max: 5 }) }),
    fc.record({
      t: fc.constant("list" as const),
      owner: fc.constantFrom(undefined, null, 0, 1, 2),
      mustRun: fc.boolean(),
      after: fc.option(room, { nil: undefined }),
      limit: fc.nat(4),
    }),
  ),
  { minLength: 10, maxLength: 40, size: "max" },
);

/** Runs the steps against the store, compares each answer with the model's, and everything at the end. */
export async function followModel(store: Store, prefix: string, script: readonly Step[]): Promise<void> {
  const app = appNameOf(`model-${prefix}`);
  const keys = Array.from({ length: roomCount }, (_, i): RoomKey => roomOf(`${app}/${i}`));
  const rooms = keys.map((): ModelRoom => ({ head: undefined, journal: [], trimmed: 0, snapshot: undefined }));
  const at = (index: number): [RoomKey, ModelRoom] => {
    const [key, model] = [keys[index], rooms[index]];
    if (key === undefined || model === undefined) throw new Error("no such room");
    return [key, model];
  };
  for (const step of script) {
    if (step.t === "append") {
      const believed = rooms.map((model) => model.head);
      // Later parts for a room build on the earlier ones of the same call, if those are true.
      const requests = step.parts.map(({ room: index, belief: b, texts, mustRun }) => {
        const head = believed[index];
        const version = versionOf(head, b) ?? { epoch: 0, tail: 0 };
        if (head !== undefined && b === "true") believed[index] = { ...head, tail: head.tail + texts.length };
        return { index, version, texts, mustRun };
      });
      const answers = await store.append(
        requests.map(({ index, version, texts, mustRun }) => ({
          room: at(index)[0],
          expect: version,
          records: texts.map(textBytes),
          ...(mustRun === undefined ? {} : { mustRun }),
        })),
      );
      expect(answers).toEqual(
        requests.map(({ index, version, texts, mustRun }) => {
          const [, model] = at(index);
          if (!isAt(model, version) || model.head === undefined) return { kind: "fenced", head: model.head };
          model.journal.push(...texts.map((record) => `${version.epoch}:${record}`));
          const { head } = model;
          model.head = { ...head, tail: head.tail + texts.length, mustRun: mustRun ?? head.mustRun };
          return { kind: "appended", tail: model.head.tail };
        }),
      );
    } else if (step.t === "list") await compareList(store, step, app, keys, rooms);
    else await followRoom(store, step, ...at(step.room));
  }
  for (const [index] of rooms.entries()) await compare(store, ...at(index));
}

async function followRoom(
  store: Store,
  step: Exclude<Step, { t: "append" | "list" }>,
  key: RoomKey,
  model: ModelRoom,
): Promise<void> {
  const fenced = { kind: "fenced", head: model.head };
  switch (step.t) {
    case "takeover": {
      const expected = versionOf(model.head, step.belief);
      const by = serverOf(`s${step.owner}`);
      const [answer] = await store.takeover([{ room: key, expect: expected, owner: by, journaled: step.journaled }]);
      if (!isAt(model, expected)) return expect(answer).toEqual(fenced);
      const epoch = (model.head?.epoch ?? 0) + 1;
      if (step.journaled) model.journal.push(`${epoch}!`);
      model.head = { epoch, tail: model.journal.length, owner: by, mustRun: model.head?.mustRun ?? false };
      return expect(answer).toEqual({ kind: "taken", head: model.head });
    }
    case "release": {
      const expected = versionOf(model.head, step.belief) ?? { epoch: 0, tail: 0 };
      const by = serverOf(`s${step.owner}`);
      const answer = await store.release(key, expected, by);
      if (!isAt(model, expected) || model.head?.owner !== by) return expect(answer).toEqual(fenced);
      model.head = { ...model.head, owner: null };
      return expect(answer).toEqual({ kind: "released" });
    }
    case "save": {
      const epoch = epochOf(model.head, step.belief);
      const snapshot = { position: model.head?.tail ?? 0, version: step.text, text: step.text.repeat(step.times) };
      const answer = await store.saveSnapshot(key, epoch, { ...snapshot, bytes: textBytes(snapshot.text) });
      if (model.head?.epoch !== epoch) return expect(answer).toEqual(fenced);
      model.snapshot = snapshot;
      return expect(answer).toEqual({ kind: "stored" });
    }
    case "trim": {
      const epoch = epochOf(model.head, step.belief);
      const answer = await store.trimJournal(key, epoch, step.upTo);
      if (model.head?.epoch !== epoch) return expect(answer).toEqual(fenced);
      model.trimmed = Math.max(model.trimmed, Math.min(step.upTo, model.head.tail));
      return expect(answer).toEqual({ kind: "trimmed" });
    }
    case "read": {
      const answer = await store.readJournal(key, step.after, { recordsMax: step.recordsMax, bytesMax: 1e9 });
      if (step.after < model.trimmed) return expect(answer).toEqual({ kind: "trimmed", first: model.trimmed + 1 });
      return expect(flat(answer)).toEqual(model.journal.slice(step.after, step.after + step.recordsMax));
    }
  }
}

async function compareList(
  store: Store,
  { owner: by, mustRun, after, limit }: Extract<Step, { t: "list" }>,
  app: AppName,
  keys: readonly RoomKey[],
  rooms: readonly ModelRoom[],
): Promise<void> {
  const cursor = after === undefined ? undefined : keys[after];
  const wanted = typeof by === "number" ? serverOf(`s${by}`) : by;
  const answer = await store.listHeads({
    app,
    limit,
    ...(wanted === undefined ? {} : { owner: wanted }),
    ...(mustRun ? { mustRun } : {}),
    ...(cursor === undefined ? {} : { after: cursor }),
  });
  const all = keys.flatMap((key, index) => {
    const head = rooms[index]?.head;
    if (head === undefined || (mustRun && !head.mustRun) || (cursor !== undefined && key <= cursor)) return [];
    return (wanted === undefined ? head.owner !== null : head.owner === wanted) ? [{ room: key, head }] : [];
  });
  const heads = all.slice(0, limit);
  const next = all.length > limit ? heads.at(-1)?.room : undefined;
  expect(answer).toEqual({ kind: "heads", heads, ...(next === undefined ? {} : { next }) });
}

async function compare(store: Store, key: RoomKey, model: ModelRoom): Promise<void> {
  expect(await store.readHead(key)).toEqual({ kind: "head", head: model.head });
  expect(flat(await store.readJournal(key, model.trimmed, noLimit))).toEqual(model.journal.slice(model.trimmed));
  const loaded = await store.loadSnapshot(key);
  if (model.snapshot === undefined) return expect(loaded).toEqual({ kind: "none" });
  if (loaded.kind !== "snapshot") throw new Error(loaded.kind);
  const { position, version, bytes } = loaded.snapshot;
  expect({ position, version, text: bytesText(bytes) }).toEqual(model.snapshot);
}

/** `epoch:text` or `epoch!`, after a look at the positions. */
function flat(answer: Awaited<ReturnType<Store["readJournal"]>>): readonly string[] {
  if (answer.kind !== "records") throw new Error(JSON.stringify(answer));
  const first = answer.records[0]?.position ?? 0;
  return answer.records.map((record, index) => {
    expect(record.position).toBe(first + index);
    return record.kind === "fence" ? `${record.epoch}!` : `${record.epoch}:${bytesText(record.bytes)}`;
  });
}

function isAt(model: ModelRoom, version: HeadVersion | undefined): boolean {
  return model.head?.epoch === version?.epoch && model.head?.tail === version?.tail;
}

function versionOf(head: Head | undefined, belief: Belief): HeadVersion | undefined {
  if (belief === "none" || (head === undefined && belief === "true")) return undefined;
  const { epoch, tail } = head ?? { epoch: 1, tail: 1 };
  if (belief === "staleEpoch") return { epoch: epoch - 1, tail };
  if (belief === "staleTail") return { epoch, tail: Math.max(0, tail - 1) };
  return belief === "ahead" ? { epoch, tail: tail + 1 } : { epoch, tail };
}

function epochOf(head: Head | undefined, belief: Belief): Epoch {
  return (head?.epoch ?? 0) + (belief === "staleEpoch" ? -1 : belief === "ahead" ? 1 : 0);
}
