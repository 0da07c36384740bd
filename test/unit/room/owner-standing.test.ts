import { expect, test } from "vitest";
import { OwnerStanding } from "../../../gateway/room/owner-standing.ts";
import { MemberAgent } from "../../../gateway/store/member-agent.ts";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { MemberRecord } from "../../../gateway/store/port.ts";
import type { ServerId } from "../../../gateway/wire/ids.ts";
import type { LinkEnd } from "../../../gateway/wire/link.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

const owner = "s1" as ServerId;
const nobody: ReadonlySet<ServerId> = new Set();

/** One server's view of another; probes are answered by hand, in the order of their addresses' first use. */
async function view() {
  const { members } = createMemoryStore(createMemoryBacking());
  const runtime = createVirtualRuntime();
  const agent = new MemberAgent({
    runtime,
    members,
    timing: { heartbeatMs: 500, leaseMs: 3_000 },
    self: undefined,
  });
  const probes: { readonly address: string; answer(how: "open" | LinkEnd["kind"]): void }[] = [];
  const standing = new OwnerStanding(
    "me" as ServerId,
    agent,
    {
      probe: (address) => new Promise((resolve) => probes.push({ address, answer: resolve })),
    },
    runtime,
  );
  const write = (instance: string, counter: number): Promise<unknown> =>
    members.put({
      id: owner,
      kind: "server",
      instance,
      counter,
      state: "live",
      pid: 1,
      address: `${instance}:1`,
      weight: 1,
      apps: ["app"],
      rooms: 0,
      sessions: 0,
    } satisfies MemberRecord);
  await write("one", 1);
  await agent.start();
  return { agent, probes, standing, runtime, write };
}

test("LIVE-13: that the process before a restart refuses says nothing of the one that has its id now", async () => {
  const { agent, probes, standing, write } = await view();
  // It was there at the first look and is not proven, so it is asked.
  const answer = standing.of(owner, nobody);
  await write("two", 1);
  await agent.beat();
  expect(probes.map(({ address }) => address)).toEqual(["one:1"]);
  probes[0]?.answer("refused");
  expect(await answer).toBe("live");
  expect(agent.member(owner)).toMatchObject({ instance: "two", state: "live" });
  await agent.stop();
});

test("LIVE-13: a server that others cannot reach is asked anew where another process has its id", async () => {
  const { agent, probes, standing, write } = await view();
  const before = standing.of(owner, nobody);
  await write("two", 1);
  await agent.beat();
  const unreachable = standing.of(owner, new Set([owner]));
  expect(probes.map(({ address }) => address)).toEqual(["one:1", "two:1"]);
  probes[1]?.answer("refused");
  expect(await unreachable).toBe("dead");
  probes[0]?.answer("open");
  expect(await before).toBe("dead");
  expect(agent.member(owner)).toMatchObject({ instance: "two", state: "lost" });
  await agent.stop();
});

test("LIVE-13: a process that refuses is dead, and one that does not answer is silent", async () => {
  const { agent, probes, standing } = await view();
  const silent = standing.of(owner, nobody);
  // Who asks meanwhile waits for the same answer.
  const same = standing.of(owner, nobody);
  expect(probes).toHaveLength(1);
  probes[0]?.answer("silent");
  expect([await silent, await same]).toEqual(["silent", "silent"]);
  const refused = standing.of(owner, nobody);
  probes[1]?.answer("refused");
  expect(await refused).toBe("dead");
  expect(agent.member(owner)).toMatchObject({ instance: "one", state: "lost" });
  await agent.stop();
});

test.each([
  ["open", "live"],
  ["refused", "dead"],
  ["silent", "silent"],
] as const)("LIVE-14: after one reset it is the next connection that tells: %s, %s", async (second, verdict) => {
  const { agent, probes, standing } = await view();
  const answer = standing.of(owner, nobody);
  probes[0]?.answer("reset");
  await expect.poll(() => probes.length).toBe(2);
  expect(agent.member(owner)?.state).toBe("live");
  probes[1]?.answer(second);
  expect(await answer).toBe(verdict);
  await agent.stop();
});

test("LIVE-14: a server whose connections are reset again and again is no more than silent", async () => {
  const { agent, probes, standing, runtime } = await view();
  const answer = standing.of(owner, nobody);
  for (let tries = 1; tries <= 5; tries += 1) {
    await runtime.advanceAsync(200);
    expect(probes).toHaveLength(tries);
    probes[tries - 1]?.answer("reset");
  }
  expect(await answer).toBe("silent");
  expect(agent.member(owner)?.state).toBe("live");
  await agent.stop();
});
