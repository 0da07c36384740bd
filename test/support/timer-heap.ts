import type { Timer } from "../../gateway/wire/runtime.ts";

export interface PendingTimer {
  readonly dueMs: number;
  /** Of two that are due at the same time the lower one comes first. */
  readonly order: number;
  readonly task: () => void;
}

interface Entry {
  readonly timer: PendingTimer;
  state: "waiting" | "taken" | "cancelled";
}

/** Timers by due time, then by order. Cancelled ones stay until their time comes, or until they are the larger part. */
export class TimerHeap {
  #entries: Entry[] = [];
  #cancelled = 0;

  /** Without those that were cancelled. */
  get size(): number {
    return this.#entries.length - this.#cancelled;
  }

  add(timer: PendingTimer): Timer {
    const entry: Entry = { timer, state: "waiting" };
    this.#entries.push(entry);
    this.#rise(this.#entries.length - 1);
    return { cancel: () => this.#cancel(entry) };
  }

  /** Removes and gives the next one that is due by `untilMs`. */
  take(untilMs: number): PendingTimer | undefined {
    for (let first = this.#entries[0]; first !== undefined; first = this.#entries[0]) {
      const isCancelled = first.state === "cancelled";
      if (!isCancelled && first.timer.dueMs > untilMs) return undefined;
      this.#removeFirst();
      if (!isCancelled) {
        first.state = "taken";
        return first.timer;
      }
      this.#cancelled -= 1;
    }
    return undefined;
  }

  #cancel(entry: Entry): void {
    if (entry.state !== "waiting") return;
    entry.state = "cancelled";
    this.#cancelled += 1;
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#entries.length) this.#sweep();
  }

  #sweep(): void {
    // A sorted array is a heap.
    this.#entries = this.#entries
      .filter(({ state }) => state === "waiting")
      .sort((one, other) => (isBefore(one, other) ? -1 : 1));
    this.#cancelled = 0;
  }

  #rise(from: number): void {
    const entries = this.#entries;
    const entry = entries[from];
    if (entry === undefined) return;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      entries[at] = parent;
      at = above;
    }
    entries[at] = entry;
  }

  #removeFirst(): void {
    const entries = this.#entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      let child = entries[below];
      const right = entries[below + 1];
      if (child === undefined) break;
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below += 1;
      }
      if (!isBefore(child, last)) break;
      entries[at] = child;
      at = below;
    }
    entries[at] = last;
  }
}

function isBefore({ timer: one }: Entry, { timer: other }: Entry): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
