import { ByteReader, ByteWriter } from "./bytes.ts";
import { type ArenaEvent, readEvent, writeEvent } from "./events.ts";
import { emptyLedger, type SavedLedger } from "./ledger.ts";
import { readEach, readLedger, writeLedger } from "./ledger-codec.ts";
import { type Direction, directionMax, type Step } from "./motion.ts";
import type { StateReader } from "./state-reader.ts";
import type { SeenState } from "./states.ts";

/**
 * What the page and the room say to each other: binary frames, little-endian, a type in the first byte. Both sides import this
 * file; `gameVersion` in the welcome tells a page of yesterday to load itself anew. README.md has the layouts as tables.
 */
export const gameVersion = 2;
export const stepsPerMessageMax = 12;
export const playersMax = 100;
const stepNumberMax = 0xffff_ffff;

export type UpMessage =
  /** `seenTick`: the newest state that the page has; 0 for none. */
  | { readonly kind: "steps"; readonly first: number; readonly seenTick: number; readonly steps: readonly Step[] }
  | { readonly kind: "ping"; readonly token: number }
  | { readonly kind: "rename"; readonly name: string }
  | { readonly kind: "seen"; readonly tick: number }
  | { readonly kind: "say"; readonly text: string }
  /** Uses up a heart. */
  | { readonly kind: "heal" };

export type DownMessage =
  | {
      readonly kind: "welcome";
      readonly version: number;
      readonly you: number;
      /** As of the last event before those that follow. */
      readonly ledger: SavedLedger;
    }
  /** `serial` is the first one's; those of a room have no hole. */
  | { readonly kind: "events"; readonly serial: number; readonly events: readonly ArenaEvent[] }
  /** No place left; a close with 1013 follows. */
  | { readonly kind: "full"; readonly placesMax: number }
  | { readonly kind: "pong"; readonly token: number }
  /** Roughly where everybody is, for the map. */
  | { readonly kind: "radar"; readonly blips: readonly Blip[] }
  /** What was said is not told: too much in too short a time. */
  | { readonly kind: "quiet"; readonly seconds: number }
  /** Which room server has the arena now. */
  | { readonly kind: "home"; readonly server: string };

/** In 256ths of the arena's width and height. */
export interface Blip {
  readonly number: number;
  readonly x: number;
  readonly y: number;
}

const upTypes = { steps: 1, ping: 2, rename: 3, seen: 4, say: 5, heal: 6 } as const;
const downTypes = { welcome: 1, events: 2, full: 3, pong: 5, radar: 6, quiet: 7, home: 8 } as const;
/** Written by `player-view.ts`. */
export const stateType = 4;
/** For clients that look at a message's first byte before they read it. */
export const { events: eventsType, radar: radarType } = downTypes;
export const stepsType = upTypes.steps;

export function encodeUp(message: UpMessage): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(upTypes[message.kind]);
  switch (message.kind) {
    case "steps":
      writer.u32(message.first).u32(message.seenTick).u8(message.steps.length);
      for (const { x, y, aim, isFiring } of message.steps) {
        writer
          .i8(x)
          .i8(y)
          .u8(aim)
          .u8(isFiring ? 1 : 0);
      }
      break;
    case "ping":
      writer.u32(message.token);
      break;
    case "rename":
      writer.text(message.name);
      break;
    case "seen":
      writer.u32(message.tick);
      break;
    case "say":
      writer.text(message.text);
      break;
    case "heal":
      break;
  }
  return writer.finish();
}

/** `undefined` for anything that {@link encodeUp} would not have written for a well-meaning page: the room closes such a client. */
export function decodeUp(bytes: Uint8Array): UpMessage | undefined {
  const reader = new ByteReader(bytes);
  const message = readUp(reader);
  return reader.isWhole ? message : undefined;
}

function readUp(reader: ByteReader): UpMessage | undefined {
  switch (reader.u8()) {
    case upTypes.steps: {
      const [first, seenTick, count] = [reader.u32(), reader.u32(), reader.u8()];
      if (first < 1 || count < 1 || count > stepsPerMessageMax || first + count - 1 > stepNumberMax) reader.fail();
      const steps: Step[] = [];
      while (steps.length < count && !reader.hasFailed) steps.push(readStep(reader));
      return { kind: "steps", first, seenTick, steps };
    }
    case upTypes.ping:
      return { kind: "ping", token: reader.u32() };
    case upTypes.rename:
      return { kind: "rename", name: reader.text() };
    case upTypes.seen:
      return { kind: "seen", tick: reader.u32() };
    case upTypes.say:
      return { kind: "say", text: reader.text() };
    case upTypes.heal:
      return { kind: "heal" };
    default:
      return undefined;
  }
}

export function readStep(reader: ByteReader): Step {
  const { x, y } = readDirection(reader);
  const [aim, flags] = [reader.u8(), reader.u8()];
  if (flags > 1) reader.fail();
  return { x, y, aim, isFiring: flags === 1 };
}

function readDirection(reader: ByteReader): Direction {
  const [x, y] = [reader.i8(), reader.i8()];
  if (x < -directionMax || y < -directionMax) reader.fail();
  return { x, y };
}

export function encodeDown(message: DownMessage): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(downTypes[message.kind]);
  switch (message.kind) {
    case "welcome":
      writer.u8(message.version).u16(message.you);
      writeLedger(writer, message.ledger);
      break;
    case "events":
      writer.varint(message.serial).varint(message.events.length);
      for (const event of message.events) writeEvent(writer, event);
      break;
    case "full":
      writer.u8(message.placesMax);
      break;
    case "pong":
      writer.u32(message.token);
      break;
    case "radar":
      writer.varint(message.blips.length);
      for (const { number, x, y } of message.blips) writer.varint(number).u8(x).u8(y);
      break;
    case "quiet":
      writer.u8(message.seconds);
      break;
    case "home":
      writer.text(message.server);
      break;
  }
  return writer.finish();
}

export type Received = DownMessage | { readonly kind: "state"; readonly state: SeenState };

/**
 * `undefined` for anything malformed, and for states that cannot be continued. A welcome of another version is read no further than
 * its version. `states` remembers what this connection has seen.
 */
export function decodeDown(bytes: Uint8Array, states: StateReader): Received | undefined {
  const reader = new ByteReader(bytes);
  const type = reader.u8();
  if (type === stateType) {
    const state = states.read(reader);
    return state === undefined ? undefined : { kind: "state", state };
  }
  const message = readDown(reader, type);
  if (message?.kind === "welcome" && message.version !== gameVersion && !reader.hasFailed) return message;
  return reader.isWhole ? message : undefined;
}

function readDown(reader: ByteReader, type: number): DownMessage | undefined {
  switch (type) {
    case downTypes.welcome: {
      const version = reader.u8();
      if (version !== gameVersion) return { kind: "welcome", version, you: 0, ledger: emptyLedger };
      return { kind: "welcome", version, you: reader.u16(), ledger: readLedger(reader) };
    }
    case downTypes.events:
      return { kind: "events", serial: reader.varint(), events: readEach(reader, readEvent) };
    case downTypes.full:
      return { kind: "full", placesMax: reader.u8() };
    case downTypes.pong:
      return { kind: "pong", token: reader.u32() };
    case downTypes.radar:
      return { kind: "radar", blips: readEach(reader, readBlip) };
    case downTypes.quiet:
      return { kind: "quiet", seconds: reader.u8() };
    case downTypes.home:
      return { kind: "home", server: reader.text() };
    default:
      return undefined;
  }
}

function readBlip(reader: ByteReader): Blip {
  return { number: reader.varint(), x: reader.u8(), y: reader.u8() };
}
