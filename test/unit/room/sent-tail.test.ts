import fc from "fast-check";
import { expect, test } from "vitest";
import { RoomOutbox } from "../../../gateway/room/room-outbox.ts";
import { SentTail, tailLimits } from "../../../gateway/room/sent-tail.ts";
import { TurnBudget } from "../../../gateway/room/turn-budget.ts";
import type { GatewayId } from "../../../gateway/wire/ids.ts";
import { createMember, WrittenLink } from "../../support/room-parts.ts";

const everyone = { kind: "all", except: undefined } as const;

function message(rseq: number, bytes = 1) {
  return { rseq, target: everyone, closeCode: 0, isText: true, payload: new Uint8Array(bytes) };
}

const rseqsAfter = (tail: SentTail, rseq: number): number[] => [...tail.after(rseq)].map((one) => one.rseq);

test("ROOM-23: a tail keeps everything behind what was trimmed, within its bounds, oldest forgotten first", () => {
  const limits = { messagesMax: 20, bytesMax: 200 };
  const acts = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("push" as const), bytes: fc.nat({ max: 60 }) }),
      fc.record({ kind: fc.constant("trim" as const), behind: fc.nat({ max: 30 }) }),
    ),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(acts, (given) => {
      const tail = new SentTail(0, limits);
      let kept: { rseq: number; bytes: number }[] = [];
      let last = 0;
      let lost = 0;
      for (const act of given) {
        if (act.kind === "trim") {
          tail.trim(last - act.behind);
          kept = kept.filter(({ rseq }) => rseq > last - act.behind);
        } else {
          last += 1;
          tail.push(message(last, act.bytes));
          kept.push({ rseq: last, bytes: act.bytes });
          const sum = () => kept.reduce((bytes, one) => bytes + one.bytes, 0);
          while (kept.length > limits.messagesMax || (sum() > limits.bytesMax && kept.length > 1)) {
            lost = kept.shift()?.rseq ?? lost;
          }
        }
        expect(rseqsAfter(tail, 0)).toEqual(kept.map(({ rseq }) => rseq));
        expect([tail.length, tail.lostUpTo]).toEqual([kept.length, lost]);
      }
    }),
    { numRuns: 300 },
  );
});

test("ROOM-23: one message above the bound on bytes is kept alone", () => {
  const tail = new SentTail(0);
  tail.push(message(1));
  tail.push(message(2, tailLimits.bytesMax + 1));
  expect([rseqsAfter(tail, 0), tail.lostUpTo]).toEqual([[2], 1]);
  tail.push(message(3));
  expect([rseqsAfter(tail, 0), tail.lostUpTo]).toEqual([[3], 2]);
});

test("ROOM-23: the bound on messages holds for a room that sends for hours", () => {
  const tail = new SentTail(0);
  for (let rseq = 1; rseq <= 50_000; rseq += 1) tail.push(message(rseq));
  expect([tail.length, tail.lostUpTo]).toEqual([tailLimits.messagesMax, 50_000 - tailLimits.messagesMax]);
  tail.trim(50_000);
  expect([tail.length, tail.lostUpTo]).toEqual([0, 50_000 - tailLimits.messagesMax]);
});

/** An outbox with a gateway whose trunk is there. */
function outboxAt(...gateways: string[]) {
  const outbox = new RoomOutbox(1, new TurnBudget(), undefined);
  const links = gateways.map((gateway) => {
    const written = new WrittenLink();
    const channel = outbox.channelTo(gateway as GatewayId, { nowMs: 0, watchedMs: 0 });
    channel.attach(written.link, 1, 1, { markDirty: () => {}, awaitDrain: () => {}, forget: () => {} });
    return { written, channel };
  });
  return { outbox, links };
}

test("ROOM-23: a message is kept until every gateway that it was meant for has seen it", () => {
  const { outbox, links } = outboxAt("g1", "g2");
  const [one, two] = links;
  if (!one || !two) throw new Error("two gateways");
  const member = createMember(one.channel);
  outbox.deliver(everyone, "to all");
  outbox.deliver({ kind: "one", member }, "to one");
  outbox.seen(one.channel, 2);
  expect(rseqsAfter(outbox.tail, 0)).toEqual([1, 2]);
  outbox.seen(two.channel, 1);
  expect(rseqsAfter(outbox.tail, 0)).toEqual([]);
  outbox.deliver(everyone, "to all");
  outbox.seen(one.channel, 3);
  outbox.drop("g2" as GatewayId);
  expect(rseqsAfter(outbox.tail, 0)).toEqual([]);
});

test("ROOM-2: a gateway goes on where it was; on another line where the line stands; and hears of a gap only if it missed something", () => {
  const { outbox, links } = outboxAt("g1", "g2");
  const [one, two] = links;
  if (!one || !two) throw new Error("two gateways");
  const member = createMember(two.channel);
  for (let count = 0; count < 5; count += 1) outbox.deliver(everyone, "x");
  expect(outbox.resumeAt(one.channel, 1, 3)).toEqual({ from: 3, gap: false });
  expect(outbox.resumeAt(one.channel, 2, 3)).toEqual({ from: 5, gap: false });
  expect(outbox.resumeAt(one.channel, 1, 6)).toEqual({ from: 5, gap: false });
  outbox.resumeAt(one.channel, 1, 5);
  // Far more than the tail holds, all of it for the other gateway.
  for (let count = 0; count < tailLimits.messagesMax + 10; count += 1) outbox.deliver({ kind: "one", member }, "y");
  expect(outbox.resumeAt(one.channel, 1, 5)).toEqual({ from: 5, gap: false });
  expect(outbox.resumeAt(two.channel, 1, 5)).toEqual({ from: outbox.rseq, gap: true });
});

test("ROOM-1: what a gateway that comes back has not seen is sent again in order, what is not for it is not", () => {
  const { outbox, links } = outboxAt("g1", "g2");
  const [one, two] = links;
  if (!one || !two) throw new Error("two gateways");
  const here = createMember(one.channel, { number: 1 });
  const there = createMember(two.channel, { number: 2 });
  outbox.deliver(everyone, "1");
  one.channel.detach({ nowMs: 0, watchedMs: 0 });
  outbox.deliver({ kind: "one", member: here }, "2");
  outbox.deliver({ kind: "one", member: there }, "3");
  outbox.deliver({ kind: "some", members: [here, there] }, "4");
  outbox.close(here, 4000, new TextEncoder().encode("5"));
  one.written.take();
  one.channel.attach(one.written.link, 2, 1, { markDirty: () => {}, awaitDrain: () => {}, forget: () => {} });
  const { from } = outbox.resumeAt(one.channel, 1, 1);
  outbox.sendAfter(one.channel, from);
  expect(one.written.take()).toEqual([
    "down 2 1 1 reliable 0 2 true 2",
    "multicast 2 1 [1] reliable 0 4 true 4",
    "closeSession 2 1 1 4000 5 5",
  ]);
});

test("ROOM-6: who joined later is not sent what was said to all before", () => {
  const { outbox, links } = outboxAt("g1");
  const [one] = links;
  if (!one) throw new Error("a gateway");
  createMember(one.channel, { number: 1 });
  outbox.deliver(everyone, "before");
  createMember(one.channel, { number: 2, joinedAt: outbox.rseq });
  outbox.deliver(everyone, "behind");
  one.written.take();
  outbox.sendAfter(one.channel, 0);
  expect(one.written.take()).toEqual([
    "multicast 1 1 [1] reliable 0 1 true before",
    "broadcast 1 1 0 reliable 0 2 true behind",
  ]);
});
