import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import { Doc, decodeStateVector, encodeStateVector } from "yjs";
import { until } from "../until.ts";

const words = ["tide ", "lantern ", "quiet ", "ember ", "harbour\n", "7 ", "ö ", "slate. "];

/** An unmodified `WebsocketProvider` on a real socket, and what came of it. */
export interface Writer {
  readonly doc: Doc;
  readonly provider: WebsocketProvider;
  readonly text: string;
  /** Codes of the closes that it saw. */
  readonly closes: readonly number[];
  /** Letters that it has inserted. */
  readonly typed: number;
  /** Of all whose presence it sees, sorted. */
  readonly names: readonly string[];
  type(random: () => number): void;
  leave(): void;
}

export interface WriterOptions {
  readonly params?: Record<string, string>;
  readonly name?: string;
}

/** Without a shared channel: writers in one process would have everything from each other. */
export function openWriter(clientUrl: string, document: string, options: WriterOptions = {}): Writer {
  const doc = new Doc();
  const closes: number[] = [];
  const provider = new WebsocketProvider(`${clientUrl}/rooms/editor`, document, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
    params: options.params ?? {},
  });
  provider.on("connection-close", (event) => closes.push(event?.code ?? 0));
  if (options.name !== undefined) provider.awareness.setLocalStateField("user", { name: options.name });
  const content = doc.getText("text");
  let typed = 0;
  return {
    doc,
    provider,
    closes,
    get text() {
      return content.toString();
    },
    get typed() {
      return typed;
    },
    get names() {
      const states = [...provider.awareness.getStates().values()];
      return states.flatMap((state) => state["user"]?.name ?? []).sort();
    },
    type(random) {
      const place = Math.floor(random() * (content.length + 1));
      if (random() < 0.25 && content.length > place) content.delete(place, Math.min(2, content.length - place));
      else {
        const word = words[Math.floor(random() * words.length)] ?? "";
        content.insert(place, word);
        typed += word.length;
      }
    },
    leave() {
      provider.destroy();
      doc.destroy();
    },
  };
}

export function untilSynced(writer: Writer, msMax = 15_000): Promise<boolean> {
  return until(
    () => writer.provider.synced,
    (isSynced) => isSynced,
    msMax,
  );
}

/** Letters of each writer that are in a document, deleted ones too: in a document of text alone that is the client's clock. */
export function lettersOf(doc: Doc): Map<number, number> {
  return decodeStateVector(encodeStateVector(doc));
}
