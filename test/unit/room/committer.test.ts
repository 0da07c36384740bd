import { beforeEach, describe, expect, test } from "vitest";
import { type CommitClient, Committer } from "../../../gateway/room/committer.ts";
import type { AppendAnswer, AppendRequest, Head, HeadVersion, Store } from "../../../gateway/store/port.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../../support/virtual-runtime.ts";

const me = "s1" as ServerId;
const unknown = { kind: "unknown", reason: "no answer in time" } as const;

/** One room with records to append, one each time that it is asked. */
class Client implements CommitClient {
  readonly key: RoomKey;
  readonly heard: string[] = [];
  head: HeadVersion = { epoch: 3, tail: 7 };
  left = 1;

  constructor(key = "app/r" as RoomKey) {
    this.key = key;
  }

  takeBatch() {
    if (this.left === 0) return undefined;
    this.left -= 1;
    return { expect: this.head, records: [new Uint8Array(1), new Uint8Array(2)] };
  }

  appended(tail: number): void {
    this.head = { ...this.head, tail };
    this.heard.push(`appended ${tail}`);
  }

  fenced(head: Head | undefined): void {
    this.heard.push(`fenced by ${head?.epoch}:${head?.tail}`);
  }
}

let runtime: VirtualRuntime;
let client: Client;
let appends: AppendRequest[];
let heads: number;
/** What the store says, one after the other; the last again and again. */
let answers: AppendAnswer[];
let head: Head;

beforeEach(() => {
  runtime = createVirtualRuntime();
  client = new Client();
  appends = [];
  heads = 0;
  head = { epoch: 3, tail: 7, owner: me, mustRun: false };
});

async function commit(): Promise<void> {
  const store: Pick<Store, "append" | "readHead"> = {
    append: async (requests) => {
      appends.push(...requests);
      return requests.map(() => (answers.length > 1 ? answers.shift() : answers[0]) ?? unknown);
    },
    readHead: async () => {
      heads += 1;
      return { kind: "head", head };
    },
  };
  const committer = new Committer(store as Store, runtime, runtime.log);
  committer.request(client);
  for (let step = 0; step < 200; step += 1) {
    runtime.advance(10);
    await Promise.resolve();
    await Promise.resolve();
  }
}

describe("COMMIT-3: an append whose answer is unknown", () => {
  test("is looked up, and was done where the head stands exactly behind it in this epoch", async () => {
    answers = [unknown];
    head = { epoch: 3, tail: 9, owner: me, mustRun: false };
    await commit();
    expect(client.heard).toEqual(["appended 9"]);
    expect([appends.length, heads]).toEqual([1, 1]);
  });

  test("is done again, on the same condition, where the head has not moved", async () => {
    answers = [unknown, { kind: "appended", tail: 9 }];
    await commit();
    expect(client.heard).toEqual(["appended 9"]);
    expect(appends.map(({ expect: version }) => version)).toEqual([
      { epoch: 3, tail: 7 },
      { epoch: 3, tail: 7 },
    ]);
  });

  test("has landed after all where the second try is fenced by the first", async () => {
    answers = [unknown, { kind: "fenced", head: { epoch: 3, tail: 9, owner: me, mustRun: false } }];
    await commit();
    expect(client.heard).toEqual(["appended 9"]);
  });

  test.each<[string, Head]>([
    ["another epoch, at the very position", { epoch: 4, tail: 9, owner: "s2" as ServerId, mustRun: false }],
    ["another position of this epoch", { epoch: 3, tail: 8, owner: me, mustRun: false }],
  ])("is not taken for done at %s", async (_what, found) => {
    answers = [unknown];
    head = found;
    await commit();
    expect(client.heard).toEqual([`fenced by ${found.epoch}:${found.tail}`]);
  });

  test("says nothing while the store says nothing, and asks ever more slowly", async () => {
    answers = [unknown];
    await commit();
    expect(client.heard).toEqual([]);
    expect(appends.length).toBeGreaterThan(3);
    expect(appends.length).toBeLessThan(14);
  });
});

test("an append that the store could not take is done again without being looked up", async () => {
  answers = [
    { kind: "unavailable", reason: "full" },
    { kind: "appended", tail: 9 },
  ];
  await commit();
  expect(client.heard).toEqual(["appended 9"]);
  expect(heads).toBe(0);
});

describe("what gathers while an append is under way", () => {
  /** A store that answers when it is told to. */
  function slowStore(): { readonly store: Store; answer(): Promise<void> } {
    const outstanding: ((answers: AppendAnswer[]) => void)[] = [];
    const store: Pick<Store, "append"> = {
      append: (requests) => {
        appends.push(...requests);
        return new Promise((resolve) => outstanding.push(resolve));
      },
    };
    const answer = async (): Promise<void> => {
      outstanding.shift()?.([{ kind: "appended", tail: client.head.tail + 2 }]);
      for (let step = 0; step < 4; step += 1) await Promise.resolve();
    };
    return { store: store as Store, answer };
  }

  /** One append is at the store, and there is more to append. */
  function oneUnderWay() {
    const { store, answer } = slowStore();
    const committer = new Committer(store, runtime, runtime.log);
    client.left = 3;
    committer.request(client);
    runtime.settle();
    committer.request(client);
    return { committer, answer };
  }

  test("is appended with the answer, before the event loop has another turn", async () => {
    const { answer } = oneUnderWay();
    runtime.settle();
    expect(appends).toHaveLength(1);
    await answer();
    expect(appends.map(({ expect: version }) => version.tail)).toEqual([7, 9]);
  });

  test("waits for the event loop's next turn behind a store that answered in the same one", async () => {
    const { committer, answer } = oneUnderWay();
    await answer();
    committer.request(client);
    await answer();
    expect(appends).toHaveLength(2);
    runtime.settle();
    expect(appends).toHaveLength(3);
  });
});

test("STORE-21: an append without an answer holds up those of other rooms for a second at most, and those of its own until it has one", async () => {
  const asked: { readonly rooms: readonly string[]; answer(): void }[] = [];
  const append: Store["append"] = (requests) =>
    new Promise((resolve) => {
      const done = requests.map(({ expect: { tail }, records }): AppendAnswer => {
        return { kind: "appended", tail: tail + records.length };
      });
      asked.push({ rooms: requests.map(({ room }) => room), answer: () => resolve(done) });
    });
  const committer = new Committer({ append } as Store, runtime, runtime.log);
  const other = new Client("app/other" as RoomKey);
  committer.request(client);
  await runtime.settleAsync();
  committer.request(other);
  await runtime.advanceAsync(900);
  expect(asked).toHaveLength(1);
  await runtime.advanceAsync(200);
  committer.request(client);
  await runtime.settleAsync();
  expect(asked.map(({ rooms }) => rooms)).toEqual([[client.key], [other.key]]);
  asked[0]?.answer();
  await runtime.settleAsync();
  expect(client.heard).toEqual(["appended 9"]);
  expect(other.heard).toEqual([]);
  asked[1]?.answer();
  await runtime.settleAsync();
  expect(other.heard).toEqual(["appended 9"]);
});
