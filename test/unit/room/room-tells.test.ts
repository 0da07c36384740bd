import { expect, test } from "vitest";
import type { JournaledTurns } from "../../../gateway/room/journaled-turns.ts";
import { RoomTells } from "../../../gateway/room/room-tells.ts";
import type { Turns } from "../../../gateway/room/turns.ts";
import type { RoomKey } from "../../../gateway/wire/ids.ts";

test("TELL-4: a line is used only once its speaker has shown that it owns its room, by a record behind the grant", () => {
  const proofs: (() => void)[] = [];
  const offered: RoomKey[] = [];
  const to = "board/all" as RoomKey;
  const tells = new RoomTells("scout/a" as RoomKey, {
    runtime: { nowMs: () => 0, after: () => ({ cancel() {} }) },
    journaled: { isGated: true, prove: (task: () => void) => proofs.push(task) } as unknown as JournaledTurns,
    turns: { isHalted: false } as unknown as Turns,
    refusal: () => undefined,
    spend: () => {},
    offer: (room) => offered.push(room),
    remind: () => {},
    onTell: () => {},
    onTellReady: () => {},
  });
  tells.replayTell(to, 1, true, new TextEncoder().encode("hello"));
  tells.offerAll();
  const asked = tells.next(to);
  expect(asked).toEqual({ kind: "ask" });

  expect(tells.answered(to, { kind: "ask" }, { kind: "line", line: 3, upTo: 0 })).toBe(true);
  // It may have been taken for lost: then nothing of it is appended any more, and the next owner may have settled this line.
  expect(tells.next(to)).toBeUndefined();

  offered.length = 0;
  expect(proofs).toHaveLength(1);
  proofs[0]?.();
  expect(offered).toEqual([to]);
  expect(tells.next(to)).toMatchObject({ kind: "say", line: 3, items: [{ number: 1 }] });
});
