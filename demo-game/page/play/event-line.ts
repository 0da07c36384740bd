import type { ArenaEvent } from "../../server/rules/events.ts";
import { Ledger, type LedgerPlayer, type SavedLedger } from "../../server/rules/ledger.ts";

/** An event, and who it was about as they were before it: a player who has left is not in the ledger any more. */
export interface News {
  readonly serial: number;
  readonly event: ArenaEvent;
  readonly player: LedgerPlayer | undefined;
}

const newsMax = 200;

/** The arena's events as one connection gets them, folded. Each must come once and in order; what does not is counted. */
export class EventLine {
  #ledger: Ledger;
  #news: News[] = [];
  #missed = 0;
  #repeated = 0;

  constructor(saved?: SavedLedger) {
    this.#ledger = new Ledger(saved);
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /** Events that never came. */
  get missed(): number {
    return this.#missed;
  }

  /** Events that came again. */
  get repeated(): number {
    return this.#repeated;
  }

  receive(serial: number, events: readonly ArenaEvent[]): void {
    for (const [offset, event] of events.entries()) {
      const expected = this.#ledger.serial + 1;
      if (serial + offset < expected) {
        this.#repeated += 1;
        continue;
      }
      this.#missed += serial + offset - expected;
      const player = this.#ledger.players.get(subjectOf(event));
      this.#ledger.apply(event);
      this.#news.push({ serial: serial + offset, event, player });
    }
    this.#news.splice(0, this.#news.length - newsMax);
  }

  /** What has happened since it was last asked for; the oldest are let go where nobody asks. */
  takeNews(): readonly News[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }
}

function subjectOf(event: ArenaEvent): number {
  switch (event.kind) {
    case "spawned":
      return 0;
    case "hit":
    case "felled":
      return event.victim;
    default:
      return event.number;
  }
}
