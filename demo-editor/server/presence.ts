import type { PresenceNews } from "./rules/messages.ts";

/** What one client says of itself, and whose session said so. */
export interface Present {
  readonly client: number;
  readonly clock: number;
  readonly state: string;
  readonly session: string;
}

export interface SavedPresence {
  readonly present: readonly Present[];
  /** Clients that are gone, with their last clock: newest last. */
  readonly gone: readonly (readonly [client: number, clock: number])[];
}

/** What came of a client's news. */
export interface Heard {
  /** For everybody else. */
  readonly changed: readonly PresenceNews[];
  /** For the sender: it is not gone after all, and says so with a higher clock when it hears that it is. */
  readonly contradicted: readonly PresenceNews[];
  /** It speaks for more clients than it may. */
  readonly isTooMany: boolean;
}

/** Of one session; it has one of its own, and may speak for windows beside it that share a channel in the same browser. */
const clientsPerSessionMax = 32;
const goneMax = 512;
/** A client that has not renewed its state for so many rounds is gone. Clients renew every 15 s, and give up on others after 30. */
const roundsMax = 4;

/**
 * Who is in a document, as the awareness of y-protocols has it: states by client, newest clock wins. Clients repeat to us whatever they
 * hear of others, so that most news is old. EDIT-4: a client belongs to the session that it came with, and leaves with it.
 */
export class Presence {
  readonly #present = new Map<number, Present & { readonly round: number }>();
  readonly #gone = new Map<number, number>();
  /** Clients that are a session's own, by its first word; nobody else changes those. */
  readonly #owners = new Map<number, string>();
  #round = 0;

  /** `client` is of this session from now on, whoever has spoken for it before. */
  claim(client: number, session: string): void {
    this.#owners.set(client, session);
    const known = this.#present.get(client);
    if (known !== undefined) this.#present.set(client, { ...known, session });
  }

  hear(session: string, news: readonly PresenceNews[]): Heard {
    const changed: PresenceNews[] = [];
    const contradicted: PresenceNews[] = [];
    for (const one of news) {
      const known = this.#present.get(one.client);
      if (known === undefined ? this.#isGone(one) : !isNewer(one, known)) {
        const goneClock = this.#gone.get(one.client);
        const isOwn = this.#owners.get(one.client) === session;
        if (goneClock !== undefined && isOwn && one.state !== undefined) {
          contradicted.push({ client: one.client, clock: goneClock, state: undefined });
        }
        continue;
      }
      const owner = this.#owners.get(one.client) ?? known?.session ?? session;
      if (known !== undefined && owner !== session) continue;
      if (known === undefined && this.#countOf(owner) >= clientsPerSessionMax) {
        return { changed, contradicted, isTooMany: owner === session };
      }
      this.#set(one, owner);
      changed.push(one);
    }
    return { changed, contradicted, isTooMany: false };
  }

  /** The session has left. Answers that its clients are gone. */
  leave(session: string): PresenceNews[] {
    for (const [client, owner] of this.#owners) if (owner === session) this.#owners.delete(client);
    return this.#removeWhere((one) => one.session === session);
  }

  /** Answers who is gone because nobody has heard of them for long. */
  endRound(): PresenceNews[] {
    this.#round += 1;
    return this.#removeWhere(({ round }) => this.#round - round >= roundsMax);
  }

  /** Whose session is not among these is gone: it has left while nobody could be told. */
  keepOnly(sessions: { has(session: string): boolean }): PresenceNews[] {
    return this.#removeWhere(({ session }) => !sessions.has(session));
  }

  /** Whether the client is gone, or was until just now. */
  wasHere(client: number): boolean {
    return this.#gone.has(client);
  }

  isPresent(session: string): boolean {
    for (const one of this.#present.values()) if (one.session === session) return true;
    return false;
  }

  all(): PresenceNews[] {
    return [...this.#present.values()].map(({ client, clock, state }) => ({ client, clock, state }));
  }

  save(): SavedPresence {
    const present = [...this.#present.values()];
    return {
      present: present.map(({ client, clock, state, session }) => ({ client, clock, state, session })),
      gone: [...this.#gone],
    };
  }

  restore({ present, gone }: SavedPresence): void {
    for (const one of present) this.#present.set(one.client, { ...one, round: this.#round });
    for (const [client, clock] of gone) this.#gone.set(client, clock);
  }

  #isGone({ client, clock, state }: PresenceNews): boolean {
    return state === undefined || clock <= (this.#gone.get(client) ?? -1);
  }

  #set({ client, clock, state }: PresenceNews, session: string): void {
    if (state === undefined) {
      this.#remove(client, clock);
      return;
    }
    this.#gone.delete(client);
    this.#present.set(client, { client, clock, state, session, round: this.#round });
  }

  #remove(client: number, clock: number): void {
    this.#present.delete(client);
    this.#gone.delete(client);
    this.#gone.set(client, clock);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > goneMax && oldest !== undefined) this.#gone.delete(oldest);
  }

  #removeWhere(isOver: (one: Present & { readonly round: number }) => boolean): PresenceNews[] {
    const over = [...this.#present.values()].filter(isOver);
    for (const { client, clock } of over) this.#remove(client, clock);
    return over.map(({ client, clock }) => ({ client, clock, state: undefined }));
  }

  #countOf(session: string): number {
    let count = 0;
    for (const one of this.#present.values()) if (one.session === session) count += 1;
    return count;
  }
}

/** The rule of y-protocols: at the same clock only an end is news. */
function isNewer(news: PresenceNews, known: Present): boolean {
  return news.clock > known.clock || (news.clock === known.clock && news.state === undefined);
}
