import { socketUrl } from "./socket-url.ts";

export interface BoardEntry {
  readonly name: string;
  readonly hue: number;
  readonly points: number;
}

const retryMs = 4_000;

/** Follows the board of all time for as long as it is looked at. */
export class BoardLink {
  readonly #show: (top: readonly BoardEntry[]) => void;
  #socket: WebSocket | undefined;
  #timer: number | undefined;

  constructor(show: (top: readonly BoardEntry[]) => void) {
    this.#show = show;
  }

  open(): void {
    if (this.#socket !== undefined) return;
    const socket = new WebSocket(socketUrl("board/all-time"));
    this.#socket = socket;
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      const top = entriesOf(data);
      if (top !== undefined) this.#show(top);
    };
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#timer = window.setTimeout(() => this.open(), retryMs);
    };
  }

  close(): void {
    window.clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
  }
}

function entriesOf(data: unknown): BoardEntry[] | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const frame: unknown = JSON.parse(data);
    if (typeof frame !== "object" || frame === null || !("top" in frame) || !Array.isArray(frame.top)) return undefined;
    return frame.top.filter(isEntry);
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is BoardEntry {
  if (typeof value !== "object" || value === null) return false;
  const { name, hue, points } = value as Partial<Record<keyof BoardEntry, unknown>>;
  return typeof name === "string" && typeof hue === "number" && typeof points === "number";
}
