import { WebsocketProvider } from "y-websocket";
import { Doc } from "yjs";
import type { Closed, DocumentStage, StageSession } from "./document-stage.ts";

/** What y-websocket uses of a WebSocket, connected to a room in this process. Frames arrive in order, each in a microtask of its own. */
function socketTo(stage: DocumentStage, sockets: Set<StageSocket>) {
  return class extends StageSocket {
    constructor(url: string) {
      super(stage, url);
      sockets.add(this);
    }
  };
}

export class StageSocket {
  readonly OPEN = 1;
  readyState = 0;
  binaryType = "arraybuffer";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: Closed) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  session: StageSession | undefined;
  readonly #stage: DocumentStage;

  constructor(stage: DocumentStage, url: string) {
    this.#stage = stage;
    queueMicrotask(() => {
      this.readyState = 1;
      this.onopen?.();
      this.session = stage.join(
        new URL(url).search.slice(1),
        (bytes) => queueMicrotask(() => this.onmessage?.({ data: bytes.slice().buffer as ArrayBuffer })),
        (closed) => queueMicrotask(() => this.#closed(closed)),
      );
    });
  }

  send(data: Uint8Array): void {
    queueMicrotask(() => {
      if (this.session !== undefined) this.#stage.say(this.session, data.slice());
    });
  }

  close(): void {
    if (this.session !== undefined) this.#stage.leave(this.session);
    this.#closed({ code: 1000, reason: "" });
  }

  /** The connection is cut without a word. */
  cut(): void {
    this.close();
  }

  #closed(closed: Closed): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.(closed);
  }
}

export interface StageProvider {
  readonly doc: Doc;
  readonly provider: WebsocketProvider;
  readonly text: string;
  write(place: number, text: string): void;
  erase(place: number, length: number): void;
  /** Ends its present socket; the provider opens another one by itself. */
  cut(): void;
  /** Names of all that it sees. */
  readonly names: readonly string[];
  leave(): void;
}

/** An unmodified `WebsocketProvider`, in the document of `stage`. */
export function openProvider(stage: DocumentStage, name: string, params: Record<string, string> = {}): StageProvider {
  const sockets = new Set<StageSocket>();
  const doc = new Doc();
  const provider = new WebsocketProvider("ws://stage/rooms/editor", "notes", doc, {
    WebSocketPolyfill: socketTo(stage, sockets) as unknown as typeof WebSocket,
    disableBc: true,
    params,
  });
  provider.awareness.setLocalStateField("user", { name });
  const content = doc.getText("text");
  return {
    doc,
    provider,
    get text() {
      return content.toString();
    },
    write: (place, text) => content.insert(Math.min(place, content.length), text),
    erase: (place, length) => content.delete(Math.min(place, content.length), Math.min(length, content.length - place)),
    cut: () => [...sockets].at(-1)?.cut(),
    get names() {
      return [...provider.awareness.getStates().values()].map((state) => state["user"]?.name).sort();
    },
    leave: () => {
      provider.destroy();
      doc.destroy();
    },
  };
}

/** Lets all that was sent arrive, and all that was sent in answer. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 50; round += 1) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  for (let round = 0; round < 50; round += 1) await Promise.resolve();
}
