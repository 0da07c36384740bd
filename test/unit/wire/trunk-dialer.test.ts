import { expect, test } from "vitest";
import type { GatewayId, ServerId } from "../../../gateway/wire/ids.ts";
import { createMemoryNetwork } from "../../../gateway/wire/memory-pipe.ts";
import { createTrunkDialer } from "../../../gateway/wire/trunk-dialer.ts";
import { createTrunkListen } from "../../../gateway/wire/trunk-listener.ts";
import { type RecordedLink, recordLinks } from "../../support/link/recorded-link.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

const secret = "a secret of some length";

async function setUp() {
  const runtime = createVirtualRuntime();
  const network = createMemoryNetwork(runtime);
  const near: RecordedLink[] = [];
  const failures: string[] = [];
  const { listenPipe } = network.host("far");
  const self = { role: "server" as const, id: "s1" as ServerId, instance: "i2" };
  await createTrunkListen({ runtime, secret, self, listenPipe })({ host: "far", port: 7 }, recordLinks([]));
  const { dialPipe } = network.host("near");
  const dialer = createTrunkDialer({
    runtime,
    secret,
    self: { role: "gateway", id: "g1" as GatewayId, instance: "i1" },
    dialPipe,
  });
  const dial = () => dialer.dial("far:7", recordLinks(near), (end) => failures.push(end.kind));
  return { runtime, network, near, failures, dial };
}

test("a dial that is cancelled at any moment is heard of no more; one that has opened stays open", async () => {
  const cancelledBefore = new Set<boolean>();
  for (let moment = 0; moment < 16; moment += 1) {
    const { runtime, near, failures, dial } = await setUp();
    const dialing = dial();
    let openAtCancel = 0;
    const wait = (left: number): void => {
      if (left > 0) {
        runtime.soon(() => wait(left - 1));
        return;
      }
      openAtCancel = near.length;
      dialing.cancel();
    };
    wait(moment);
    runtime.advance(1_000);
    expect([near.length, failures, near.flatMap((link) => link.ends)]).toEqual([openAtCancel, [], []]);
    cancelledBefore.add(openAtCancel === 0);
  }
  expect(cancelledBefore.size).toBe(2);
});

test("WIRE-7: a peer that cannot be reached fails the dial after 3 s, once, and leaves nothing behind", async () => {
  const { runtime, network, near, failures, dial } = await setUp();
  network.hold("near", "far");
  dial();
  runtime.advance(2_999);
  expect(failures).toEqual([]);
  runtime.advance(1);
  expect(failures).toEqual(["silent"]);
  network.release("near", "far");
  runtime.advance(10_000);
  expect([near, failures, runtime.timerCount]).toEqual([[], ["silent"], 0]);
});

test("WIRE-6: a handshake that does not go on fails the dial after 3 s", async () => {
  const { runtime, network, near, failures, dial } = await setUp();
  dial();
  runtime.soon(() => network.hold("near", "far"));
  runtime.advance(3_000);
  expect([near, failures]).toEqual([[], ["silent"]]);
});
