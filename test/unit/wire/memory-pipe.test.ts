import { expect, test } from "vitest";
import { createMemoryNetwork, type MemoryNetwork } from "../../../gateway/wire/memory-pipe.ts";
import type { Pipe, PipeEnd } from "../../../gateway/wire/pipe.ts";
import { createVirtualRuntime, seededRandom } from "../../support/virtual-runtime.ts";

interface Side {
  pipe: Pipe;
  messages: number[];
  kept: Uint8Array[];
  ends: PipeEnd[];
}

function recordSides(sides: Side[]) {
  return (pipe: Pipe) => {
    const side: Side = { pipe, messages: [], kept: [], ends: [] };
    sides.push(side);
    pipe.trust();
    return {
      onMessage: (message: Uint8Array) => {
        side.messages.push(message[0] ?? -1);
        side.kept.push(message);
      },
      onDrained: () => undefined,
      onEnd: (end: PipeEnd) => side.ends.push(end),
    };
  };
}

async function setUp(delayMs?: () => number) {
  const runtime = createVirtualRuntime();
  const network: MemoryNetwork = createMemoryNetwork(runtime, delayMs === undefined ? {} : { delayMs });
  const far: Side[] = [];
  const near: Side[] = [];
  const failures: PipeEnd[] = [];
  const listen = () => network.host("b").listenPipe({ host: "b", port: 7 }, recordSides(far));
  await listen();
  const dial = () => network.host("a").dialPipe("b:7", recordSides(near), (end) => failures.push(end));
  return { runtime, network, far, near, failures, dial, listen };
}

test("order is kept, however long single messages are under way", async () => {
  const random = seededRandom(11);
  const { runtime, near, far, dial } = await setUp(() => Math.floor(random() * 50));
  dial();
  runtime.advance(100);
  for (let number = 0; number < 100; number += 1) {
    near[0]?.pipe.send(Uint8Array.of(number));
    runtime.advance(3);
  }
  runtime.advance(100);
  expect(far[0]?.messages).toEqual(Array.from({ length: 100 }, (_, number) => number));
});

test("a message is under way for its delay", async () => {
  const { runtime, near, far, dial } = await setUp(() => 20);
  dial();
  runtime.advance(20);
  near[0]?.pipe.send(Uint8Array.of(1));
  runtime.advance(19);
  expect(far[0]?.messages).toEqual([]);
  expect(near[0]?.pipe.bufferedBytes).toBe(1);
  runtime.advance(1);
  expect(far[0]?.messages).toEqual([1]);
});

test("a host that crashes: its peers meet a reset behind what it had sent, dials are refused, until it listens anew", async () => {
  const { runtime, network, near, far, failures, dial, listen } = await setUp();
  dial();
  runtime.settle();
  far[0]?.pipe.send(Uint8Array.of(1));
  network.crash("b");
  dial();
  runtime.settle();
  expect(near[0]).toMatchObject({ messages: [1], ends: [{ kind: "reset" }] });
  expect(far[0]?.ends).toEqual([]);
  expect(failures).toMatchObject([{ kind: "refused" }]);
  await listen();
  dial();
  runtime.settle();
  expect(near).toHaveLength(2);
});

test("hosts that cannot reach each other lose nothing; a dial waits", async () => {
  const { runtime, network, near, far, dial } = await setUp();
  dial();
  runtime.settle();
  network.hold("b", "a");
  near[0]?.pipe.send(Uint8Array.of(1));
  near[0]?.pipe.send(Uint8Array.of(2));
  dial();
  runtime.advance(60_000);
  expect([far[0]?.messages, near.length]).toEqual([[], 1]);
  network.release("a", "b");
  runtime.settle();
  expect([far[0]?.messages, near.length]).toEqual([[1, 2], 2]);
});

test("closing towards a host that cannot be reached still ends, in bounded time", async () => {
  const { runtime, network, near, far, dial } = await setUp();
  dial();
  runtime.settle();
  network.hold("a", "b");
  near[0]?.pipe.close(1000, "");
  runtime.advance(2_000);
  expect(near[0]?.ends).toMatchObject([{ kind: "closed" }]);
  expect(far[0]?.ends).toEqual([]);
});

test("a message is wiped behind the call: whoever keeps it without a copy finds out", async () => {
  const { runtime, near, far, dial } = await setUp();
  dial();
  runtime.settle();
  const sent = Uint8Array.of(5);
  near[0]?.pipe.send(sent);
  runtime.settle();
  expect(far[0]?.messages).toEqual([5]);
  expect(far[0]?.kept).toEqual([Uint8Array.of(0xdd)]);
  expect(sent).toEqual(Uint8Array.of(5));
});

test("a pipe that is terminated is a reset for its peer", async () => {
  const { runtime, near, far, dial } = await setUp();
  dial();
  runtime.settle();
  near[0]?.pipe.terminate();
  runtime.settle();
  expect(near[0]?.ends).toMatchObject([{ kind: "closed" }]);
  expect(far[0]?.ends).toMatchObject([{ kind: "reset" }]);
});

test("WIRE-6: a peer that is not trusted may send 4 KiB in all", async () => {
  const runtime = createVirtualRuntime();
  const network = createMemoryNetwork(runtime);
  const ends: string[] = [];
  let arrived = 0;
  await network.host("b").listenPipe({ host: "b", port: 7 }, () => ({
    onMessage: () => {
      arrived += 1;
    },
    onDrained: () => undefined,
    onEnd: (end) => ends.push(end.kind),
  }));
  const near: Side[] = [];
  network.host("a").dialPipe("b:7", recordSides(near), () => undefined);
  runtime.settle();
  for (let number = 0; number < 5; number += 1) near[0]?.pipe.send(new Uint8Array(1024));
  runtime.settle();
  expect([arrived, ends]).toEqual([4, ["protocol"]]);
  expect(near[0]?.ends).toMatchObject([{ kind: "closed", code: 1009 }]);
});

test("a hold in one direction lets the other through, and no connection comes about", async () => {
  const { runtime, network, near, far, dial } = await setUp();
  dial();
  runtime.settle();
  network.holdOneWay("a", "b");
  near[0]?.pipe.send(Uint8Array.of(1));
  far[0]?.pipe.send(Uint8Array.of(2));
  dial();
  runtime.settle();
  expect([near[0]?.messages, far[0]?.messages, near.length]).toEqual([[2], [], 1]);
  network.release("b", "a");
  runtime.settle();
  expect([far[0]?.messages, near.length]).toEqual([[1], 2]);
});
