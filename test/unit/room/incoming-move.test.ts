import { expect, test } from "vitest";
import type { BindRequest, CellHost } from "../../../gateway/room/cell-ports.ts";
import { IncomingMove } from "../../../gateway/room/incoming-move.ts";
import { requestsWaitingMax } from "../../../gateway/room/waiting-binds.ts";
import { WrittenLink } from "../../support/room-parts.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

function incoming() {
  const runtime = createVirtualRuntime();
  const source = new WrittenLink();
  const dropped: BindRequest[] = [];
  const move = new IncomingMove(
    {
      cells: { runtime, log: runtime.log } as unknown as CellHost,
      silenceMsMax: 10_000,
      adopt: () => {
        throw new Error("nothing has come");
      },
      dropped: (_move, waiting) => dropped.push(...waiting),
    },
    source.link,
    { t: "movePrepare", transfer: 3, room: "room/a" as never, epoch: 1, appVersion: "1", pinned: false },
    { durability: "memory", create: () => ({ onMessage: () => {} }), stateBytesMax: 1_000 },
  );
  return { runtime, source, dropped, move };
}

test("MOVE-19: gateways that ask for a room on its way wait, within a bound, and begin anew if it does not come", () => {
  const { runtime, source, dropped, move } = incoming();
  const gateway = new WrittenLink();
  for (let channel = 1; channel <= requestsWaitingMax + 2; channel += 1) {
    const waits = () => {};
    move.bind({ link: gateway.link, channel, sessions: new Map(), waits } as unknown as BindRequest);
  }
  expect(gateway.take().map((line) => JSON.parse(line.slice("control ".length)))).toMatchObject([
    { t: "refused", channel: requestsWaitingMax + 1, code: "unavailable" },
    { t: "refused", channel: requestsWaitingMax + 2, code: "unavailable" },
  ]);
  runtime.advance(10_000);
  expect(dropped).toHaveLength(requestsWaitingMax);
  expect(source.take()).toEqual(['control {"t":"moveFailed","transfer":3,"reason":"the source went silent"}']);
});

test("MOVE-19: a state above the app's bound, and one whose pieces do not fit, end the move with a reason", () => {
  const large = incoming();
  large.move.body({ t: "moveBody", transfer: 3, part: "final", bytes: 2 ** 30 });
  expect(large.source.take().join()).toContain("at most 1000 are allowed");
  const torn = incoming();
  torn.move.body({ t: "moveBody", transfer: 3, part: "final", bytes: 10 });
  torn.move.chunk(5, new Uint8Array(5));
  expect(torn.source.take().join()).toContain("a chunk does not fit");
});

test("MOVE-19: a commit without the whole state, or with one that cannot be read, is refused, and nothing is taken", () => {
  const missing = incoming();
  missing.move.body({ t: "moveBody", transfer: 3, part: "final", bytes: 10 });
  missing.move.commit({ t: "moveCommit", transfer: 3, epoch: 1, tail: 0 });
  expect(missing.source.take().join()).toContain("the state did not come whole");
  const garbage = incoming();
  garbage.move.body({ t: "moveBody", transfer: 3, part: "final", bytes: 10 });
  garbage.move.chunk(0, new Uint8Array(10).fill(0xff));
  garbage.source.take();
  garbage.move.commit({ t: "moveCommit", transfer: 3, epoch: 1, tail: 0 });
  expect(garbage.source.take().join()).toContain("the moved state cannot be read");
});
