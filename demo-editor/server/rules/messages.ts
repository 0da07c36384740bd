import { createDecoder, type Decoder, hasContent, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import { type Encoder, encode, writeVarString, writeVarUint, writeVarUint8Array } from "lib0/encoding";
import { concatBytes } from "./bytes.ts";
import { isShallow } from "./plain-depth.ts";

/**
 * The protocol of y-websocket: a varint says what a message is, and the rest is of that kind. `echo` is ours: whoever sends one gets it
 * back as it is, behind all that they sent before has become durable; other clients do not send it, and so never get one.
 */
export const messageTypes = { sync: 0, awareness: 1, queryAwareness: 3, echo: 64 } as const;
const syncTypes = { step1: 0, step2: 1, update: 2 } as const;

export const echoBytesMax = 16;
/** Of one client's state, as JSON. */
export const presenceBytesMax = 8 * 1024;
const presencesMax = 4_096;
const presenceLevelsMax = 16;

/** What one client says of itself: a name, a cursor. `state` is JSON; `undefined`: it is gone. */
export interface PresenceNews {
  readonly client: number;
  readonly clock: number;
  readonly state: string | undefined;
}

export type UpMessage =
  /** "I have this; send me what is missing." */
  | { readonly kind: "ask"; readonly stateVector: Uint8Array }
  | { readonly kind: "update"; readonly update: Uint8Array; readonly isAnswer: boolean }
  | { readonly kind: "presence"; readonly news: readonly PresenceNews[] }
  | { readonly kind: "askPresence" }
  | { readonly kind: "echo" };

/** `undefined` for what no client of this protocol sends. Bytes are views into the message. */
export function decodeUp(bytes: Uint8Array): UpMessage | undefined {
  try {
    const decoder = createDecoder(bytes);
    const message = readUp(decoder, bytes.length);
    return message === undefined || hasContent(decoder) ? undefined : message;
  } catch {
    return undefined;
  }
}

function readUp(decoder: Decoder, length: number): UpMessage | undefined {
  switch (readVarUint(decoder)) {
    case messageTypes.sync:
      return readSync(decoder);
    case messageTypes.awareness:
      return readPresence(readVarUint8Array(decoder));
    case messageTypes.queryAwareness:
      return { kind: "askPresence" };
    case messageTypes.echo:
      if (length > echoBytesMax) return undefined;
      decoder.pos = decoder.arr.length;
      return { kind: "echo" };
    default:
      return undefined;
  }
}

function readSync(decoder: Decoder): UpMessage | undefined {
  const type = readVarUint(decoder);
  const content = readVarUint8Array(decoder);
  switch (type) {
    case syncTypes.step1:
      return { kind: "ask", stateVector: content };
    case syncTypes.step2:
      return { kind: "update", update: content, isAnswer: true };
    case syncTypes.update:
      return { kind: "update", update: content, isAnswer: false };
    default:
      return undefined;
  }
}

function readPresence(bytes: Uint8Array): UpMessage | undefined {
  const decoder = createDecoder(bytes);
  const count = readVarUint(decoder);
  if (count > presencesMax) return undefined;
  const news: PresenceNews[] = [];
  for (let index = 0; index < count; index += 1) {
    const client = readVarUint(decoder);
    const clock = readVarUint(decoder);
    const text = readVarString(decoder);
    const state: unknown = JSON.parse(text);
    if (typeof state !== "object" || Array.isArray(state) || !isShallow(state, presenceLevelsMax)) return undefined;
    news.push({ client, clock, state: state === null ? undefined : text });
  }
  return hasContent(decoder) ? undefined : { kind: "presence", news };
}

export const encodeAsk = (stateVector: Uint8Array) => encodeSync(syncTypes.step1, stateVector);
export const encodeAnswer = (update: Uint8Array) => encodeSync(syncTypes.step2, update);
export const encodeUpdate = (update: Uint8Array) => encodeSync(syncTypes.update, update);

function encodeSync(type: number, content: Uint8Array): Uint8Array {
  const front = encode((encoder: Encoder) => {
    writeVarUint(encoder, messageTypes.sync);
    writeVarUint(encoder, type);
    writeVarUint(encoder, content.length);
  });
  return concatBytes([front, content]);
}

export function encodePresence(news: readonly PresenceNews[]): Uint8Array {
  const content = encode((encoder: Encoder) => {
    writeVarUint(encoder, news.length);
    for (const { client, clock, state } of news) {
      writeVarUint(encoder, client);
      writeVarUint(encoder, clock);
      writeVarString(encoder, state ?? "null");
    }
  });
  return encode((encoder: Encoder) => {
    writeVarUint(encoder, messageTypes.awareness);
    writeVarUint8Array(encoder, content);
  });
}

/** A client answers with the states that it knows. */
export const encodeAskPresence = () => Uint8Array.of(messageTypes.queryAwareness);
