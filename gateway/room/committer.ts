import type { AppendAnswer, AppendRequest, Head, HeadVersion, Position, Store } from "../store/port.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { Logger, Runtime } from "../wire/runtime.ts";

/** A room's journal, as the committer sees it. */
export interface CommitClient {
  readonly key: RoomKey;
  /** What is to be appended now, behind what; `undefined` if nothing is. Until the answer the client is not asked again. */
  takeBatch(): { readonly expect: HeadVersion; readonly records: readonly Uint8Array[] } | undefined;
  appended(tail: Position): void;
  /** Somebody else owns the room: nothing of this client's is appended any more. */
  fenced(head: Head | undefined): void;
}

const requestsMax = 10_000;
const bytesMax = 16 * 1024 * 1024;
/** Then the next call goes beside one that has no answer yet: it may never have one. */
const patienceMs = 1_000;
const retryMs = { first: 10, max: 1_000 };

/**
 * Group commit for all rooms of a server: one append call at a time, as long as the store is quick, carries what all rooms have gathered meanwhile, so the
 * longer the store takes, the more go together. An answer that is not certain is looked up before anything else of its room.
 */
export class Committer {
  readonly #store: Store;
  readonly #runtime: Runtime;
  readonly #log: Logger;
  readonly #dirty = new Set<CommitClient>();
  /** Rooms whose answer is outstanding, or is being found out. */
  readonly #busy = new Set<CommitClient>();
  /** The call that the next one waits for. */
  #appending: object | undefined;
  #isScheduled = false;
  #isStoreAway = false;

  constructor(store: Store, runtime: Runtime, log: Logger) {
    this.#store = store;
    this.#runtime = runtime;
    this.#log = log;
  }

  /** The client has something to append. Safe to repeat. */
  request(client: CommitClient): void {
    this.#dirty.add(client);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#appending || this.#dirty.size === 0) return;
    this.#isScheduled = true;
    this.#runtime.soon(() => {
      this.#isScheduled = false;
      if (!this.#appending) void this.#append();
    });
  }

  async #append(): Promise<void> {
    const clients: CommitClient[] = [];
    const requests: AppendRequest[] = [];
    let bytes = 0;
    for (const client of this.#dirty) {
      if (requests.length >= requestsMax || bytes >= bytesMax) break;
      if (this.#busy.has(client)) continue;
      this.#dirty.delete(client);
      const batch = client.takeBatch();
      if (!batch) continue;
      clients.push(client);
      requests.push({ room: client.key, ...batch });
      for (const record of batch.records) bytes += record.length;
    }
    if (requests.length === 0) return;
    const call = {};
    this.#appending = call;
    const patience = this.#runtime.after(patienceMs, () => {
      this.#appending = undefined;
      this.#schedule();
    });
    let isTurnOver = false;
    this.#runtime.soon(() => {
      isTurnOver = true;
    });
    for (const client of clients) this.#busy.add(client);
    const answers = await this.#store.append(requests);
    patience.cancel();
    const isLast = this.#appending === call;
    if (isLast) this.#appending = undefined;
    for (const [index, client] of clients.entries()) {
      const request = requests[index];
      if (request) this.#settle(client, request, answers[index] ?? { kind: "unknown", reason: "no answer" }, 0);
    }
    // Straight on: a turn of the event loop later, whatever else waits for the store, as snapshots and trims do, would be under way
    // in a commit of its own, and all appends would stand behind it. A store that answers at once must not keep the loop for itself.
    if (isTurnOver && isLast) void this.#append();
    else this.#schedule();
  }

  #settle(client: CommitClient, request: AppendRequest, answer: AppendAnswer, attempts: number): void {
    if (answer.kind === "appended") {
      this.#free(client);
      if (this.#isStoreAway) this.#log.info({}, "the store takes records again");
      this.#isStoreAway = false;
      client.appended(answer.tail);
      return;
    }
    if (answer.kind === "fenced") {
      this.#settleFenced(client, request, answer.head);
      return;
    }
    if (!this.#isStoreAway) this.#log.error({ reason: answer.reason }, "the store does not take records: rooms wait");
    this.#isStoreAway = true;
    const capMs = Math.min(retryMs.first * 2 ** attempts, retryMs.max);
    this.#runtime.after(capMs * (0.5 + this.#runtime.random() / 2), () => {
      void this.#findOut(client, request, answer.kind, attempts + 1);
    });
  }

  /** COMMIT-3: `unknown` is looked up in the head. The append itself is conditional, so doing it again can only succeed once. */
  async #findOut(
    client: CommitClient,
    request: AppendRequest,
    was: "unknown" | "unavailable",
    attempts: number,
  ): Promise<void> {
    if (was === "unknown") {
      const answer = await this.#store.readHead(request.room);
      if (answer.kind !== "head") {
        this.#settle(client, request, { kind: "unknown", reason: answer.reason }, attempts);
        return;
      }
      const { head } = answer;
      if (!head || head.epoch !== request.expect.epoch || head.tail !== request.expect.tail) {
        this.#settleFenced(client, request, head);
        return;
      }
    }
    const [again] = await this.#store.append([request]);
    this.#settle(client, request, again ?? { kind: "unknown", reason: "no answer" }, attempts);
  }

  /** A head that stands exactly where this append would have put it, in this owner's epoch, was put there by it: nobody else writes in that epoch. */
  #settleFenced(client: CommitClient, request: AppendRequest, head: Head | undefined): void {
    this.#free(client);
    const { expect, records } = request;
    if (head && head.epoch === expect.epoch && head.tail === expect.tail + records.length) client.appended(head.tail);
    else client.fenced(head);
  }

  #free(client: CommitClient): void {
    this.#busy.delete(client);
    if (this.#dirty.has(client)) this.#schedule();
  }
}
