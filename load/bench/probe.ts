import { once } from "node:events";
import { WebSocket } from "ws";

interface Wait {
  readonly saidAtMs: number;
  readonly answeredMs: number;
}

/**
 * A client that says a number every so often and notes when it comes back: for what a client feels of a move or a crash. Works in rooms that
 * send a message back to its sender as it is, and in ledgers, which send it as `{"n", "body"}`.
 */
export class Probe {
  closed = 0;
  /** Numbers that came again, or before an earlier one. */
  misplaced = 0;
  readonly #socket: WebSocket;
  readonly #timer: NodeJS.Timeout;
  readonly #saidAtMs: number[] = [];
  readonly #waits: Wait[] = [];
  #answered = 0;

  private constructor(socket: WebSocket, everyMs: number) {
    this.#socket = socket;
    socket.on("message", (data) => this.#heard(data.toString()));
    socket.on("close", () => {
      this.closed += 1;
    });
    this.#timer = setInterval(() => this.#say(), everyMs);
  }

  /** Resolves when the room has answered for the first time. */
  static async open(url: string, everyMs: number): Promise<Probe> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await once(socket, "open");
    const probe = new Probe(socket, everyMs);
    while (probe.#answered === 0) await once(socket, "message");
    return probe;
  }

  /** Said and not answered. */
  get waiting(): number {
    return this.#saidAtMs.length - this.#answered;
  }

  /** When the first message that was said from `atMs` on was answered; `undefined` if none was. */
  answeredSince(atMs: number): number | undefined {
    return this.#waits.find(({ saidAtMs }) => saidAtMs >= atMs)?.answeredMs;
  }

  /** The longest that any message said between the two waited for its answer. */
  longestWaitMs(fromMs: number, toMs: number): number {
    const those = this.#waits.filter(({ saidAtMs }) => saidAtMs >= fromMs && saidAtMs <= toMs);
    return Math.max(0, ...those.map(({ saidAtMs, answeredMs }) => answeredMs - saidAtMs));
  }

  /** Forgets what was before: a probe that runs long would keep it all. */
  forget(): void {
    this.#waits.length = 0;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.removeAllListeners("close");
    this.#socket.terminate();
  }

  #say(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(String(this.#saidAtMs.length));
    this.#saidAtMs.push(performance.now());
  }

  #heard(text: string): void {
    const number = numberIn(text);
    if (number === undefined) return;
    if (number !== this.#answered) this.misplaced += 1;
    this.#answered = number + 1;
    this.#waits.push({ saidAtMs: this.#saidAtMs[number] ?? 0, answeredMs: performance.now() });
  }
}

/** `undefined` for the welcome of a ledger. */
function numberIn(text: string): number | undefined {
  if (!text.startsWith("{")) return Number(text);
  const { body } = JSON.parse(text) as { readonly body?: string };
  return body === undefined ? undefined : Number(body);
}
