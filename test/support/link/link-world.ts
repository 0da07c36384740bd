import { createMemoryNetwork } from "../../../gateway/wire/memory-pipe.ts";
import { createNodeRuntime } from "../../../gateway/wire/node-runtime.ts";
import type { DialPipe, ListenPipe } from "../../../gateway/wire/pipe.ts";
import type { Logger, Runtime } from "../../../gateway/wire/runtime.ts";
import { createWsDialPipe } from "../../../gateway/wire/ws-dial.ts";
import { createVirtualRuntime, type LogLine } from "../virtual-runtime.ts";
import { type FaultyProxy, openFaultyProxy } from "./faulty-proxy.ts";

/** Two processes and the network between them, for the contract of links. */
export interface LinkWorld {
  readonly runtime: Runtime;
  readonly lines: readonly LogLine[];
  readonly dialPipe: DialPipe;
  readonly listenPipe: ListenPipe;
  /** Where the dialing process reaches a listener, through whatever makes the faults. */
  reach(address: string): Promise<string>;
  hold(): void;
  release(): void;
  reset(): void;
  /** Lets time pass until it holds; fails with `what` after a few seconds. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** Lets this much time pass. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const waitMsMax = 5_000;

export async function openMemoryWorld(): Promise<LinkWorld> {
  const runtime = createVirtualRuntime();
  const network = createMemoryNetwork(runtime);
  return {
    runtime,
    lines: runtime.lines,
    dialPipe: network.host("near").dialPipe,
    listenPipe: network.host("far").listenPipe,
    reach: async (address) => address,
    hold: () => network.hold("near", "far"),
    release: () => network.release("near", "far"),
    reset: () => network.reset("near", "far"),
    until: async (what, holds) => {
      for (let ms = 0; ms < waitMsMax && !holds(); ms += 1) await runtime.advanceAsync(1);
      if (!holds()) throw new Error(`waited in vain: ${what}`);
    },
    pass: (ms) => runtime.advanceAsync(ms),
    close: async () => undefined,
  };
}

export async function openSocketWorld(
  createListenPipe: (options: { readonly log: Logger }) => ListenPipe,
): Promise<LinkWorld> {
  const captured = createVirtualRuntime();
  const runtime = createNodeRuntime({ log: captured.log });
  const proxies: FaultyProxy[] = [];
  const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  return {
    runtime,
    lines: captured.lines,
    dialPipe: createWsDialPipe(),
    listenPipe: createListenPipe({ log: captured.log }),
    reach: async (address) => {
      const proxy = await openFaultyProxy(address);
      proxies.push(proxy);
      return proxy.address;
    },
    hold: () => {
      for (const proxy of proxies) proxy.hold();
    },
    release: () => {
      for (const proxy of proxies) proxy.release();
    },
    reset: () => {
      for (const proxy of proxies) proxy.reset();
    },
    until: async (what, holds) => {
      const endMs = performance.now() + waitMsMax;
      while (!holds()) {
        if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`);
        await pass(1);
      }
    },
    pass,
    close: async () => {
      for (const proxy of proxies) await proxy.close();
    },
  };
}
