import type { Control } from "../wire/control.ts";
import { decodeControl } from "../wire/control-codec.ts";
import type { LinkEnd, LinkHandler, TrunkDialer, TrunkLink } from "../wire/link.ts";
import type { Runtime, Timer } from "../wire/runtime.ts";

type WithoutEnvelope<Request> = Request extends unknown ? Omit<Request, "t" | "id"> : never;

/** What the operating side may ask of a server. */
export type ServerRequest = WithoutEnvelope<Control<"request">>;

/** `unreachable`: no answer, and whether the request had an effect is not known. */
export type ServerAnswer =
  | Pick<Control<"answer">, "detail" | "value" | "status">
  | { readonly status: "unreachable"; readonly detail: string };

/** Requests to room servers over trunks that are kept open between them. */
export interface ServerRequests {
  /** Never rejects; answers within `timeoutMs`. */
  ask(address: string, request: ServerRequest, timeoutMs: number): Promise<ServerAnswer>;
  close(): void;
}

/** Above it a request is turned down at once: the server answers nothing any more. */
const pendingMax = 256;
const linksMax = 1024;
const idMax = 0xffffffff;

interface Pending {
  readonly resolve: (answer: ServerAnswer) => void;
  readonly timer: Timer;
}

interface Line {
  readonly pending: Map<number, Pending>;
  /** Requests that wait for the link; sent in order when it is open. */
  waiting: Control<"request">[];
  link: TrunkLink | undefined;
  nextId: number;
  cancel: () => void;
}

export function createServerRequests(runtime: Runtime, dialer: TrunkDialer): ServerRequests {
  const lines = new Map<string, Line>();

  function lineTo(address: string): Line | undefined {
    const present = lines.get(address);
    if (present !== undefined || lines.size >= linksMax) return present;
    const line: Line = { pending: new Map(), waiting: [], link: undefined, nextId: 1, cancel: () => {} };
    lines.set(address, line);
    const ended = (end: LinkEnd) => drop(address, line, `${end.kind}: ${end.detail}`);
    const dial = dialer.dial(
      address,
      (link) => {
        line.link = link;
        for (const message of line.waiting) link.control(message);
        line.waiting = [];
        return controlHandler((answer) => settle(line, answer.id, answer), ended);
      },
      ended,
    );
    line.cancel = () => dial.cancel();
    return line;
  }

  function drop(address: string, line: Line, detail: string): void {
    if (lines.get(address) === line) lines.delete(address);
    line.waiting = [];
    for (const id of [...line.pending.keys()]) settle(line, id, { status: "unreachable", detail });
  }

  function settle(line: Line, id: number, answer: ServerAnswer): void {
    const pending = line.pending.get(id);
    if (pending === undefined) return;
    line.pending.delete(id);
    pending.timer.cancel();
    pending.resolve(answer);
  }

  function end(address: string, line: Line, detail: string): void {
    drop(address, line, detail);
    if (line.link === undefined) line.cancel();
    else line.link.close();
  }

  return {
    ask(address, request, timeoutMs) {
      const line = lineTo(address);
      if (line === undefined || line.pending.size >= pendingMax) {
        return Promise.resolve({ status: "unreachable", detail: "too many requests wait for an answer" });
      }
      const id = line.nextId;
      line.nextId = id === idMax ? 1 : id + 1;
      const message = { t: "request", id, ...request } as Control<"request">;
      return new Promise((resolve) => {
        const timer = runtime.after(timeoutMs, () => {
          settle(line, id, { status: "unreachable", detail: `no answer within ${timeoutMs} ms` });
          line.waiting = line.waiting.filter((waiting) => waiting.id !== id);
        });
        line.pending.set(id, { resolve, timer });
        if (line.link === undefined) line.waiting.push(message);
        else line.link.control(message);
      });
    },
    close() {
      for (const [address, line] of [...lines]) end(address, line, "the operating side is closing");
    },
  };
}

/** A control link carries answers and nothing else. */
function controlHandler(onAnswer: (answer: Control<"answer">) => void, onEnd: (end: LinkEnd) => void): LinkHandler {
  const ignore = (): void => {};
  return {
    onJoin: ignore,
    onUp: ignore,
    onLeave: ignore,
    onDown: ignore,
    onBroadcast: ignore,
    onMulticast: ignore,
    onClose: ignore,
    onAck: ignore,
    onSeen: ignore,
    onFlow: ignore,
    onChunk: ignore,
    onDrained: ignore,
    onControl(bytes) {
      const decoded = decodeControl(bytes);
      if (decoded.kind === "message" && decoded.message.t === "answer") onAnswer(decoded.message);
    },
    onEnd,
  };
}
