import { describe, expect, test } from "vitest";
import type { ProcessReport } from "../../../gateway/ops/process-report.ts";
import type { ToChild } from "../../../gateway/ops/supervisor/child-messages.ts";
import type { ChildHandler, ChildPlan, Launch } from "../../../gateway/ops/supervisor/launch.ts";
import { createSupervisor, type SupervisorOptions } from "../../../gateway/ops/supervisor/supervisor.ts";
import { VirtualHost } from "../../support/virtual-host.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

interface FakeChild {
  readonly plan: ChildPlan;
  readonly handler: ChildHandler;
  readonly heard: ToChild[];
  isDeaf: boolean;
  isKilled: boolean;
  isOver: boolean;
}

function setUp(change: Partial<SupervisorOptions> = {}) {
  const runtime = createVirtualRuntime();
  const host = new VirtualHost(runtime, "cluster");
  const children: FakeChild[] = [];
  const launch: Launch = (plan, handler) => {
    const child: FakeChild = { plan, handler, heard: [], isDeaf: false, isKilled: false, isOver: false };
    children.push(child);
    return {
      pid: children.length,
      send: (message) => {
        child.heard.push(message);
        if (message.t !== "look" || child.isDeaf) return;
        const report = { id: plan.id, kind: plan.kind } as ProcessReport;
        handler.onMessage({ t: "report", id: message.id, report });
      },
      kill: () => {
        child.isKilled = true;
        end(child, "was killed by SIGKILL");
      },
    };
  };
  const options = { servers: 2, gateways: 1, port: 0, restart: true, ...change };
  const supervisor = createSupervisor(host, launch, options);
  const running = () => children.filter((child) => !child.isOver);
  const of = (kind: ChildPlan["kind"]) => running().filter(({ plan }) => plan.kind === kind);
  return { runtime, host, supervisor, children, running, of };
}

function end(child: FakeChild, how: string): void {
  if (child.isOver) return;
  child.isOver = true;
  child.handler.onExit(how);
}

const ready = (child: FakeChild, port = 8080) => child.handler.onMessage({ t: "ready", port });

async function started(change: Partial<SupervisorOptions> = {}) {
  const cluster = setUp(change);
  const port = cluster.supervisor.start();
  for (const child of [...cluster.children]) ready(child);
  expect(await port).toBe(8080);
  for (const { heard } of cluster.children) heard.length = 0;
  return cluster;
}

describe("a supervisor", () => {
  test("is ready when all its children are, and not before", async () => {
    const { supervisor, children, runtime } = setUp();
    let port: number | undefined;
    void supervisor.start().then((value) => {
      port = value;
    });
    expect(children.map(({ plan }) => plan.kind)).toEqual(["server", "server", "gateway"]);
    ready(children[0] as FakeChild);
    ready(children[2] as FakeChild, 4321);
    await runtime.settleAsync();
    expect(port).toBeUndefined();
    ready(children[1] as FakeChild);
    await runtime.settleAsync();
    expect(port).toBe(4321);
  });

  test("OPS-14: has all of them look who is there before it says so, and waits a second at most", async () => {
    const { supervisor, children, runtime } = setUp();
    let isReady = false;
    void supervisor.start().then(() => {
      isReady = true;
    });
    const silent = children[0] as FakeChild;
    silent.isDeaf = true;
    for (const child of children) ready(child);
    expect(children.map(({ heard }) => heard.map(({ t }) => t))).toEqual([["look"], ["look"], ["look"]]);
    await runtime.advanceAsync(999);
    expect(isReady).toBe(false);
    await runtime.advanceAsync(1);
    expect(isReady).toBe(true);
  });

  test("gives every process an id that was never used", async () => {
    const { children, runtime } = await started();
    for (let death = 0; death < 3; death += 1) {
      const victim = children.find((child) => !child.isOver && child.plan.kind === "server") as FakeChild;
      end(victim, "died");
      await runtime.advanceAsync(10_000);
      ready(children.at(-1) as FakeChild);
    }
    const ids = children.map(({ plan }) => plan.id);
    expect(ids.filter((id) => id.startsWith("s")).map((id) => id.split("-")[0])).toEqual([
      "s1",
      "s2",
      "s3",
      "s4",
      "s5",
    ]);
    for (const id of ids) expect(id).toMatch(/^[sg]\d+-[a-z2-7]{4}$/);
    expect(new Set(children.map(({ plan }) => plan.instance)).size).toBe(children.length);
  });

  test("lets further gateways take the port that the first one found", async () => {
    const { supervisor, children } = setUp({ gateways: 3, servers: 1 });
    const port = supervisor.start();
    ready(children[0] as FakeChild);
    expect(children).toHaveLength(2);
    ready(children[1] as FakeChild, 4321);
    expect(children.slice(2).map(({ plan }) => plan.port)).toEqual([4321, 4321]);
    for (const child of children.slice(2)) ready(child, 4321);
    expect(await port).toBe(4321);
  });

  test("OPS-3: starts another where one dies, after the others have taken over", async () => {
    const { children, of, runtime } = await started();
    end(children[0] as FakeChild, "was killed by SIGKILL");
    await runtime.advanceAsync(249);
    expect(of("server")).toHaveLength(1);
    await runtime.advanceAsync(1);
    expect(of("server")).toHaveLength(2);
    expect(runtime.linesWith("starting another")[0]?.fields).toMatchObject({ how: "was killed by SIGKILL" });
  });

  test("OPS-3: starts all at once where all have died, and the only one of its kind too", async () => {
    const { children, of, runtime } = await started();
    for (const child of [...children]) end(child, "was killed by SIGKILL");
    await runtime.advanceAsync(0);
    expect(of("server")).toHaveLength(2);
    expect(of("gateway")).toHaveLength(1);
  });

  test("OPS-8: has the next server start when one begins to drain", async () => {
    const { children, of, runtime } = await started();
    (children[0] as FakeChild).handler.onMessage({ t: "draining" });
    expect(of("server")).toHaveLength(3);
    ready(children[3] as FakeChild);
    end(children[0] as FakeChild, "exited with 0");
    await runtime.advanceAsync(60_000);
    expect(of("server")).toHaveLength(2);
  });

  test("starts nothing with --no-restart", async () => {
    const { children, runtime } = await started({ restart: false });
    (children[0] as FakeChild).handler.onMessage({ t: "draining" });
    end(children[0] as FakeChild, "exited with 0");
    end(children[1] as FakeChild, "died");
    await runtime.advanceAsync(60_000);
    expect(children).toHaveLength(3);
  });

  test("ends everything and says why, once, where the first start fails", async () => {
    const { supervisor, children, running, runtime } = setUp();
    const port = supervisor.start();
    ready(children[0] as FakeChild);
    for (const child of children.slice(1)) {
      child.handler.onMessage({ t: "failed", message: "store: cannot be used" });
      end(child, "exited with 1");
    }
    await runtime.settleAsync();
    expect(children[0]?.heard).toEqual([{ t: "stop" }]);
    end(children[0] as FakeChild, "exited with 0");
    await expect(port).rejects.toMatchObject({ code: "start-failed", message: "store: cannot be used" });
    expect(running()).toEqual([]);
    expect(children).toHaveLength(3);
  });

  test("ends a child that never says that it is ready", async () => {
    const { supervisor, children, runtime } = setUp({ startMsMax: 1000 });
    const port = supervisor.start();
    const failed = expect(port).rejects.toMatchObject({ message: "it did not say in time that it is ready" });
    await runtime.advanceAsync(1000);
    expect(children.every(({ isKilled }) => isKilled)).toBe(true);
    await failed;
  });

  test("LIVE-15: that stood still itself ends nobody whose word it has not read yet", async () => {
    const { supervisor, children, host, runtime } = setUp({ startMsMax: 30_000 });
    const port = supervisor.start();
    await runtime.advanceAsync(2_000);
    host.stop();
    await runtime.advanceAsync(60_000);
    for (const child of [...children]) host.deliver(() => ready(child));
    host.continue();
    await runtime.advanceAsync(10_000);
    expect(children.some(({ isKilled }) => isKilled)).toBe(false);
    expect(await port).toBe(8080);
  });

  test("OPS-7: stops gateways first, then servers, and kills who does not stop", async () => {
    const { supervisor, children, of, running, runtime } = await started({ stopMsMax: 1000 });
    let isStopped = false;
    void supervisor.stop().then(() => {
      isStopped = true;
    });
    await runtime.settleAsync();
    expect(of("gateway")[0]?.heard).toEqual([{ t: "stop" }]);
    expect(of("server").flatMap(({ heard }) => heard)).toEqual([]);
    end(of("gateway")[0] as FakeChild, "exited with 0");
    await runtime.settleAsync();
    expect(of("server").map(({ heard }) => heard)).toEqual([[{ t: "stop" }], [{ t: "stop" }]]);
    end(children[0] as FakeChild, "exited with 0");
    await runtime.advanceAsync(999);
    expect(isStopped).toBe(false);
    await runtime.advanceAsync(1);
    expect(children[1]?.isKilled).toBe(true);
    expect(isStopped).toBe(true);
    await runtime.advanceAsync(60_000);
    expect(running()).toEqual([]);
    expect(children).toHaveLength(3);
  });

  test("starts nothing that was waiting when it stops", async () => {
    const { supervisor, children, runtime, of } = await started({ servers: 1 });
    for (let death = 0; death < 4; death += 1) {
      end(of("server")[0] as FakeChild, "died");
      if (death < 3) await runtime.advanceAsync(400);
    }
    const launched = children.length;
    void supervisor.stop();
    end(of("gateway")[0] as FakeChild, "exited with 0");
    await runtime.advanceAsync(60_000);
    expect(children).toHaveLength(launched);
  });

  test("OPS-12: gathers reports, and waits for none longer than a second", async () => {
    const { supervisor, children, runtime } = await started();
    const reports = supervisor.reports();
    const [first, second] = children as [FakeChild, FakeChild];
    const report = { id: first.plan.id, kind: "server" } as ProcessReport;
    const asked = first.heard[0];
    if (asked?.t !== "report" || second.heard[0]?.t !== "report") throw new Error("nobody was asked");
    first.handler.onMessage({ t: "report", id: asked.id, report });
    first.handler.onMessage({ t: "report", id: asked.id, report });
    await runtime.advanceAsync(1000);
    expect(await reports).toEqual([report]);
  });
});
