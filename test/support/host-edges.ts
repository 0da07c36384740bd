import type { Store } from "../../gateway/store/port.ts";
import type { DialPipe, ListenPipe, PipeHandler } from "../../gateway/wire/pipe.ts";
import type { VirtualHost } from "./virtual-host.ts";

/**
 * Everything that reaches a process from outside, through its host: a dead process hears nothing, a stopped one later, when it
 * is continued. Without this, frames and the store's answers would go on waking a process whose timers stand still.
 */
export function pipesThrough(
  host: VirtualHost,
  network: { readonly dialPipe: DialPipe; readonly listenPipe: ListenPipe },
): { dialPipe: DialPipe; listenPipe: ListenPipe } {
  return {
    dialPipe: (address, attach, failed) =>
      network.dialPipe(
        address,
        (pipe) => hearThrough(host, attach(pipe)),
        (end) => host.deliver(() => failed(end)),
      ),
    listenPipe: (where, attach) => network.listenPipe(where, (pipe) => hearThrough(host, attach(pipe))),
  };
}

/** A call of a dead process is never made; an answer reaches it as all else from outside does. */
export function storeThrough(host: VirtualHost, store: Store): Store {
  const members = answersThrough(host, store.members);
  return answersThrough(host, store, { members });
}

function hearThrough(host: VirtualHost, handler: PipeHandler): PipeHandler {
  return {
    onMessage: (message) => {
      // The bytes are good during the call only.
      const kept = host.isRunning ? message : message.slice();
      host.deliver(() => handler.onMessage(kept));
    },
    onDrained: () => host.deliver(() => handler.onDrained()),
    onEnd: (end) => host.deliver(() => handler.onEnd(end)),
  };
}

type Answering = (...given: unknown[]) => Promise<unknown>;

function answersThrough<T extends object>(host: VirtualHost, port: T, instead: Partial<T> = {}): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(instead, name) ?? Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const call = value.bind(target) as Answering;
      return (...given: unknown[]) =>
        new Promise((resolve, reject) => {
          if (host.isDead) return;
          call(...given).then(
            (answer) => host.deliver(() => resolve(answer)),
            (error: unknown) => host.deliver(() => reject(error)),
          );
        });
    },
  });
}
