type Handler = (event: Event) => unknown;
type Listener = Handler | { handleEvent(event: Event): unknown };
type AddOptions = Parameters<AbortSignal["addEventListener"]>[2];

/**
 * The signal that a task of a room is given. Node ends the process for a listener that throws, whoever it belongs to, and a room's work is
 * aborted by each move: here such a listener is its room's fault (ROOM-38).
 */
export function guardSignal(signal: AbortSignal, threw: (error: unknown) => void): AbortSignal {
  const wrapped = new WeakMap<object, Handler>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const guarded = (listener: Listener): Handler => {
    const known = wrapped.get(listener);
    if (known) return known;
    const guard: Handler = (event) => {
      try {
        if (typeof listener === "function") listener.call(signal, event);
        else listener.handleEvent(event);
      } catch (error) {
        threw(error);
      }
    };
    wrapped.set(listener, guard);
    return guard;
  };
  let handler: Handler | null = null;
  let own: Handler | null = null;
  return Object.defineProperties(signal, {
    addEventListener: {
      value: (type: string, listener: Listener | null, options?: AddOptions) => {
        if (listener) add(type, guarded(listener), options);
      },
    },
    removeEventListener: {
      value: (type: string, listener: Listener | null, options?: AddOptions) => {
        if (listener) remove(type, guarded(listener), options);
      },
    },
    onabort: {
      get: () => handler,
      set: (next: Handler | null) => {
        if (own) remove("abort", guarded(own));
        handler = typeof next === "function" ? next : null;
        // Not the same as the one that may have been added as a listener, too.
        own = handler && ((event) => handler?.call(signal, event));
        if (own) add("abort", guarded(own));
      },
    },
  }) as AbortSignal;
}
