import { expect, test } from "vitest";
import { TakeoverDesk } from "../../../gateway/room/takeover-desk.ts";
import type { Store, TakeoverAnswer } from "../../../gateway/store/port.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

test("STORE-21: a takeover without an answer holds up those of other rooms for a second at most", async () => {
  const runtime = createVirtualRuntime();
  const owner = "s1" as ServerId;
  const head = { epoch: 1, tail: 0, owner, mustRun: false };
  const calls: { readonly rooms: readonly string[]; answer(): void }[] = [];
  const takeover: Store["takeover"] = (requests) =>
    new Promise((resolve) => {
      calls.push({
        rooms: requests.map(({ room }) => room),
        answer: () => resolve(requests.map(() => ({ kind: "taken", head }) as const)),
      });
    });
  const desk = new TakeoverDesk({ takeover } as Store, runtime);
  const taken: string[] = [];
  const ask = (room: string): void => {
    const told = (answer: TakeoverAnswer) => taken.push(`${room} ${answer.kind}`);
    void desk.takeOver({ room: room as RoomKey, expect: undefined, owner, journaled: false }).then(told);
  };
  ask("app/a");
  await runtime.settleAsync();
  ask("app/b");
  ask("app/c");
  await runtime.advanceAsync(900);
  expect(calls.map(({ rooms }) => rooms)).toEqual([["app/a"]]);
  await runtime.advanceAsync(200);
  expect(calls.map(({ rooms }) => rooms)).toEqual([["app/a"], ["app/b", "app/c"]]);
  calls[1]?.answer();
  await runtime.settleAsync();
  expect(taken).toEqual(["app/b taken", "app/c taken"]);

  // The first one's late answer does not let a further call go beside the one that is under way.
  ask("app/d");
  await runtime.settleAsync();
  calls[0]?.answer();
  ask("app/e");
  await runtime.settleAsync();
  expect(taken.at(-1)).toBe("app/a taken");
  expect(calls).toHaveLength(3);
  calls[2]?.answer();
  await runtime.settleAsync();
  expect(calls).toHaveLength(4);
  expect(runtime.timerCount).toBe(1);
});
