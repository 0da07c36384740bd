import { describe, expect, test } from "vitest";
import type { ReturnedMessage } from "../../support/crowd-message.ts";
import { Receipts } from "../../support/receipts.ts";

const message = (slot: number, number: number): ReturnedMessage => ({ slot, number, sentMs: 0, owner: undefined });

/** What a client of two senders says of what came, where the first has sent 3 and the second 2. */
function judge(...came: readonly (readonly [slot: number, number: number])[]) {
  const receipts = new Receipts(2);
  for (const [slot, number] of came) receipts.note(message(slot, number));
  const { received, doubled, outOfOrder, digest } = receipts;
  return { received, doubled, outOfOrder, lost: receipts.missingOf([3, 2]), digest };
}

const whole = [
  [0, 1],
  [1, 1],
  [0, 2],
  [0, 3],
  [1, 2],
] as const;

describe("the receipts of a client that accounts for every message", () => {
  test("find nothing where nothing is wrong", () => {
    expect(judge(...whole)).toMatchObject({ received: 5, doubled: 0, outOfOrder: 0, lost: 0 });
  });

  test("find what is lost: in the midst, at the end, all of a sender", () => {
    expect(judge([0, 1], [1, 1], [0, 3], [1, 2])).toMatchObject({ lost: 1, doubled: 0, outOfOrder: 0 });
    expect(judge([0, 1], [1, 1], [0, 2], [1, 2])).toMatchObject({ lost: 1, doubled: 0, outOfOrder: 0 });
    expect(judge([0, 1], [0, 2], [0, 3])).toMatchObject({ lost: 2, doubled: 0, outOfOrder: 0 });
  });

  test("find what came twice, at once and late", () => {
    expect(judge([0, 1], ...whole)).toMatchObject({ doubled: 1, outOfOrder: 0, lost: 0 });
    expect(judge(...whole, [1, 1])).toMatchObject({ doubled: 1, outOfOrder: 0, lost: 0 });
  });

  test("find what came behind a later one, once, and not as lost", () => {
    expect(judge([0, 2], [0, 1], [0, 3], [1, 1], [1, 2])).toMatchObject({ outOfOrder: 1, doubled: 0, lost: 0 });
    expect(judge([0, 2], [0, 1], [0, 1], [0, 3], [1, 1], [1, 2])).toMatchObject({ outOfOrder: 1, doubled: 1, lost: 0 });
  });

  test("tell two clients apart who saw the same in another order", () => {
    const turned = [whole[1], whole[0], ...whole.slice(2)] as const;
    expect(judge(...turned)).toMatchObject({ doubled: 0, outOfOrder: 0, lost: 0 });
    expect(judge(...turned).digest).not.toBe(judge(...whole).digest);
    expect(judge(...whole).digest).toBe(judge(...whole).digest);
  });

  test("count anew from where they are told", () => {
    const receipts = new Receipts(2);
    receipts.note(message(0, 1));
    receipts.note(message(0, 3));
    receipts.recount([4, 2]);
    receipts.note(message(0, 5));
    receipts.note(message(1, 3));
    expect(receipts).toMatchObject({ received: 2, doubled: 0, outOfOrder: 0 });
    expect(receipts.missingOf([5, 3])).toBe(0);
    receipts.note(message(0, 4));
    expect(receipts.doubled).toBe(1);
  });
});
