import type { BindRequest } from "./cell-ports.ts";
import { refuse } from "./room-answers.ts";

/** Gateways' requests, and wishes of others, that may wait for one room. */
export const requestsWaitingMax = 10_000;

/**
 * Gateways' requests that wait for one room, oldest first. Each knows where it waits, so that one which is withdrawn costs nobody a look
 * at the others: when a gateway stops, or its trunk ends, ten thousand rooms' requests are withdrawn together.
 */
export class WaitingBinds {
  /** How many sessions wait has changed. */
  changed: () => void = () => {};
  readonly #requests = new Set<BindRequest>();
  #sessions = 0;

  /** Sessions of all requests. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Refuses it where too many wait. */
  add(request: BindRequest): void {
    if (this.#requests.size >= requestsWaitingMax) {
      refuse(request, "unavailable", 200, "too many wait for this room");
      return;
    }
    this.#requests.add(request);
    this.#sessions += request.sessions.size;
    request.waits(this);
    this.changed();
  }

  /** The gateway does not want it any more, or its trunk has ended. */
  withdraw(request: BindRequest): void {
    if (this.#takeOut(request)) this.changed();
  }

  /** Those that wait now, one by one, as they are asked for: who is withdrawn meanwhile is left out, who begins to wait again is not waited for. */
  *take(): Iterable<BindRequest> {
    for (const request of [...this.#requests]) if (this.#takeOut(request)) yield request;
    this.changed();
  }

  [Symbol.iterator](): Iterator<BindRequest> {
    return this.#requests.values();
  }

  #takeOut(request: BindRequest): boolean {
    if (!this.#requests.delete(request)) return false;
    this.#sessions -= request.sessions.size;
    request.waits(undefined);
    return true;
  }
}
