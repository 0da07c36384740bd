import { describe, expect, test } from "vitest";
import type { DownItem } from "../../../gateway/edge/down-item.ts";
import { SlicedWrites } from "../../../gateway/edge/sliced-writes.ts";

const writeMs = 0.1;

/** A host whose clock goes on with every write, and whose turns of the event loop a test makes. */
function setUp() {
  const tasks: (() => void)[] = [];
  let nowMs = 0;
  const runtime = {
    nowMs: () => nowMs,
    soon: (task: () => void) => void tasks.push(task),
  } as unknown as ConstructorParameters<typeof SlicedWrites>[0];
  const writes = new SlicedWrites(runtime);
  const written: { readonly client: number; readonly texts: string[] }[] = [];
  const queues = new Map<number, DownItem[]>();

  /** As a session does: in line from its first message until it is flushed. */
  const deliver = (client: number, item: DownItem): void => {
    const queue = queues.get(client);
    if (queue !== undefined) {
      queue.push(item);
      return;
    }
    queues.set(client, [item]);
    writes.lineUp({
      flush: () => {
        nowMs += writeMs;
        const texts = (queues.get(client) ?? []).map(({ payload }) => Buffer.from(payload).toString());
        queues.delete(client);
        written.push({ client, texts });
      },
    });
  };
  /** A batch with one message to the first `clients`; its bytes are gone when it is over. Answers how long it took. */
  const broadcast = (text: string, clients: number): number => {
    const payload = Uint8Array.from(Buffer.from(text));
    const item: DownItem = { delivery: "reliable", latestKey: 0, isText: true, payload };
    const beganMs = nowMs;
    writes.add(item, clients);
    for (let client = 0; client < clients; client += 1) deliver(client, item);
    writes.batchEnded();
    payload.fill(0xdd);
    return nowMs - beganMs;
  };
  /** One turn of the event loop. Answers how long it took. */
  const turn = (): number => {
    const beganMs = nowMs;
    for (const task of tasks.splice(0)) task();
    return nowMs - beganMs;
  };
  return { broadcast, turn, written, tasks };
}

describe("GATE-14: writes to many clients", () => {
  test("go out at once where they are few", () => {
    const { broadcast, written, tasks } = setUp();
    broadcast("one", 30);
    expect(written).toHaveLength(30);
    expect(tasks).toHaveLength(0);
  });

  test("keep the event loop for a few milliseconds at a time", () => {
    const { broadcast, turn, written, tasks } = setUp();
    const tookMs = [broadcast("one", 1_000)];
    while (tasks.length > 0) tookMs.push(turn());
    expect(Math.max(...tookMs)).toBeLessThan(5 + 32 * writeMs);
    expect(tookMs.length).toBeGreaterThan(10);
    expect(written.map(({ client }) => client)).toEqual(Array.from({ length: 1_000 }, (_none, client) => client));
  });

  test("carry what came with their batch, also when it is long over, and what came meanwhile in its order", () => {
    const { broadcast, turn, written, tasks } = setUp();
    broadcast("one", 1_000);
    const early = written.length;
    broadcast("two", 1_000);
    while (tasks.length > 0) turn();
    const of = (client: number) => written.filter((one) => one.client === client).flatMap(({ texts }) => texts);
    for (let client = 0; client < 1_000; client += 1) expect(of(client)).toEqual(["one", "two"]);
    // Who had not been written to yet got both with one write.
    expect(written).toHaveLength(1_000 + early);
  });

  test("wait for no turn where too much is queued", () => {
    const { broadcast, written, tasks, turn } = setUp();
    for (let count = 0; count < 70; count += 1) broadcast(`${count}`, 1_000);
    // Above 65 536 queued messages everything was written; the last few batches wait in slices again.
    expect(written.length).toBeGreaterThan(1_000);
    while (tasks.length > 0) turn();
    const texts = written.filter(({ client }) => client === 999).flatMap((one) => one.texts);
    expect(texts).toEqual(Array.from({ length: 70 }, (_none, count) => `${count}`));
  });
});
