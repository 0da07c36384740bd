import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { isMainThread } from "node:worker_threads";
import type { Logger } from "../../wire/runtime.ts";
import { ownMark } from "./process-start.ts";
import { lookMs, readNote, takeNote } from "./wake-note.ts";

/** A waker's span is shorter; one that has died ends no note. */
const spanMsMax = 1_000;

/** Tells our listener among those of the process, which is where it is kept: one, however many stores are open. */
const ours: unique symbol = Symbol.for("roomgate.stopAgain");

export interface Listener {
  (): void;
  [ours]?: Map<string, Opened>;
}

/** The part of a process that this needs. */
export interface Signals {
  readonly pid: number;
  /** Of SIGCONT. */
  listeners(): readonly Listener[];
  on(listener: Listener): void;
  off(listener: Listener): void;
  /** SIGSTOP to itself. */
  stop(): void;
}

/** `undefined` where nobody wakes anybody, and in threads, since signals come to the main one alone. */
export function ownSignals(): Signals | undefined {
  if (process.platform !== "linux" || !isMainThread) return undefined;
  return {
    pid: process.pid,
    listeners: () => process.listeners("SIGCONT") as Listener[],
    on: (listener) => void process.on("SIGCONT", listener),
    off: (listener) => void process.off("SIGCONT", listener),
    stop: () => void process.kill(process.pid, "SIGSTOP"),
  };
}

interface Opened {
  stores: number;
  readonly log: Logger | undefined;
}

/**
 * A process that was stopped by somebody and woken by us (`stopped-holder.ts`) stops itself again when its span is over, unless whoever
 * stopped it has continued it meanwhile. Nobody else could know that. Gives what ends the listening.
 */
export function stopAgainWhenWoken(
  directory: string,
  log: Logger | undefined,
  signals: Signals | undefined = ownSignals(),
): () => void {
  if (signals === undefined) return () => {};
  const listener = signals.listeners().find((each) => each[ours] !== undefined) ?? addListener(signals);
  const opened = listener[ours] ?? new Map<string, Opened>();
  const entry = opened.get(directory) ?? { stores: 0, log };
  entry.stores += 1;
  opened.set(directory, entry);
  return () => {
    entry.stores -= 1;
    if (entry.stores > 0) return;
    opened.delete(directory);
    if (opened.size === 0) signals.off(listener);
  };
}

function addListener(signals: Signals): Listener {
  const opened = new Map<string, Opened>();
  let handled: string | undefined;
  let continued = 0;
  let isAwake = false;
  const listener: Listener = () => {
    continued += 1;
    if (isAwake) return;
    for (const [directory, { log }] of opened) {
      const note = readNote(directory, ownMark());
      if (note === undefined || note.nonce === handled || note.state === "withdrawn") continue;
      const { nonce } = note;
      handled = nonce;
      isAwake = true;
      void beAwake(directory, nonce, log).finally(() => {
        isAwake = false;
      });
      return;
    }
  };

  /** Never rejects. */
  async function beAwake(directory: string, nonce: string, log: Logger | undefined): Promise<void> {
    const { pid } = signals;
    const before = continued;
    let isWithdrawn = false;
    for (let waitedMs = 0; waitedMs < spanMsMax; waitedMs += lookMs) {
      const note = readNote(directory, ownMark());
      isWithdrawn = note?.nonce === nonce && note.state === "withdrawn";
      if (note?.nonce !== nonce || note.state !== "open") break;
      await pause(lookMs);
    }
    takeNote(directory, ownMark(), nonce);
    // A signal that has come already is heard first.
    await pause(1);
    await turn();
    if (continued === before && !isWithdrawn) signals.stop();
    else log?.warn({ pid }, "continued while awake for the store's write lock: not stopped again");
  }

  listener[ours] = opened;
  signals.on(listener);
  return listener;
}
