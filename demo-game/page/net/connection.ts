import { firstLinkState, type LinkEvent, type LinkState, stepLink } from "./link-state.ts";

export interface ConnectionHandler {
  /** A new connection has begun; what was known of the one before is void. */
  onOpened(): void;
  onMessage(bytes: Uint8Array): void;
  onClosed(code: number): void;
}

export interface Connection {
  readonly state: LinkState;
  /** Dropped unless the connection is open. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Tries now what would be tried later, or was given up. */
  retry(): void;
  /** For good: the page is being left. */
  close(): void;
}

/** Keeps one WebSocket to `url()`, which is asked before each attempt. Carries out what `link-state.ts` decides. */
export function openConnection(url: () => string, handler: ConnectionHandler): Connection {
  let state = firstLinkState;
  let socket: WebSocket | undefined;
  let timer: number | undefined;
  let isLeft = false;

  function handle(event: LinkEvent): void {
    const next = stepLink(state, event);
    if (next === state || isLeft) return;
    state = next;
    window.clearTimeout(timer);
    if (next.kind === "connecting") connect();
    if (next.kind === "retrying") timer = window.setTimeout(() => handle({ kind: "delayPassed" }), next.delayMs);
  }

  function connect(): void {
    const opened = new WebSocket(url());
    opened.binaryType = "arraybuffer";
    socket = opened;
    opened.onopen = () => {
      handler.onOpened();
      handle({ kind: "opened" });
    };
    opened.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!(data instanceof ArrayBuffer)) return;
      handle({ kind: "messageReceived" });
      handler.onMessage(new Uint8Array(data));
    };
    opened.onclose = ({ code }) => {
      if (socket !== opened) return;
      socket = undefined;
      if (!isLeft) handler.onClosed(code);
      handle({ kind: "closed", code, chance: Math.random() });
    };
  }

  connect();
  return {
    get state() {
      return state;
    },
    send(bytes) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(bytes);
    },
    retry: () => handle({ kind: "retryAsked" }),
    close() {
      isLeft = true;
      window.clearTimeout(timer);
      socket?.close(1000);
    },
  };
}
