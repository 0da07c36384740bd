import type { LinkEnd, LinkHandler, TrunkDialer, TrunkLink } from "../wire/link.ts";
import type { Runtime } from "../wire/runtime.ts";

/** Waits for a link to one server. */
export interface LinkWaiter {
  up(link: TrunkLink): void;
  down(end: LinkEnd): void;
}

type Entry =
  | { readonly kind: "dialling"; readonly waiters: Set<LinkWaiter> }
  | { readonly kind: "open"; readonly link: TrunkLink; readonly waiters: Set<LinkWaiter> };

/** Trunks that this server dials to others, one per address, kept once they are there. Its map is bounded by the number of servers. */
export class PeerLinks {
  readonly #runtime: Runtime;
  readonly #dialer: TrunkDialer;
  readonly #handlerOf: (link: TrunkLink) => LinkHandler;
  readonly #entries = new Map<string, Entry>();

  /** `handlerOf` makes what hears the frames of a link. */
  constructor(runtime: Runtime, dialer: TrunkDialer, handlerOf: (link: TrunkLink) => LinkHandler) {
    this.#runtime = runtime;
    this.#dialer = dialer;
    this.#handlerOf = handlerOf;
  }

  /** Tells `waiter` once it is there, and later, once, when it goes. Returns how to stop waiting. */
  use(address: string, waiter: LinkWaiter): () => void {
    const entry = this.#entries.get(address) ?? this.#dial(address);
    entry.waiters.add(waiter);
    if (entry.kind === "open") this.#runtime.soon(() => entry.waiters.has(waiter) && waiter.up(entry.link));
    return () => {
      this.#entries.get(address)?.waiters.delete(waiter);
    };
  }

  /** How a server answers a new connection: `open`, or how the attempt ended. */
  probe(address: string): Promise<"open" | LinkEnd["kind"]> {
    return new Promise((resolve) => {
      const stop = this.use(address, {
        up: () => {
          stop();
          resolve("open");
        },
        down: (end) => resolve(end.kind),
      });
    });
  }

  close(): void {
    for (const entry of this.#entries.values()) if (entry.kind === "open") entry.link.close();
    this.#entries.clear();
  }

  #dial(address: string): Entry {
    const entry: Entry = { kind: "dialling", waiters: new Set() };
    this.#entries.set(address, entry);
    const ended = (waiters: ReadonlySet<LinkWaiter>, end: LinkEnd): void => {
      this.#entries.delete(address);
      for (const waiter of [...waiters]) waiter.down(end);
    };
    this.#dialer.dial(
      address,
      (link) => {
        this.#entries.set(address, { kind: "open", link, waiters: entry.waiters });
        const handler = this.#handlerOf(link);
        const onEnd = handler.onEnd.bind(handler);
        handler.onEnd = (end) => {
          onEnd(end);
          ended(entry.waiters, end);
        };
        this.#runtime.soon(() => {
          for (const waiter of [...entry.waiters]) waiter.up(link);
        });
        return handler;
      },
      (end) => ended(entry.waiters, end),
    );
    return entry;
  }
}
