import type { Store } from "../store/port.ts";
import { type ControlMessage, tellItemsMax } from "../wire/control.ts";
import type { RoomKey, ServerId } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Logger, Runtime } from "../wire/runtime.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { RoomCell } from "./room-cell.ts";
import type { Told } from "./room-tells.ts";

/** A room that has something to say. */
export interface Speaker {
  readonly key: RoomKey;
  /** It speaks no more from here. */
  readonly isGone: boolean;
  waitingFor(to: RoomKey): readonly Told[];
  told(to: RoomKey, number: number): void;
}

export type HearAnswer =
  | { readonly kind: "heard"; readonly upTo: number }
  | { readonly kind: "elsewhere"; readonly address: string }
  | { readonly kind: "later" };

/** What is said, and who is told the answer: once, or never. */
export type Hearing = [
  to: RoomKey,
  from: RoomKey,
  first: number,
  items: readonly Omit<Told, "number">[],
  answer: (answer: HearAnswer) => void,
];

export interface TellDeskHost {
  readonly me: ServerId;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly store: Store;
  readonly peers: PeerLinks;
  addressOf(server: ServerId): string | undefined;
  /** Its heartbeat has been silent for a lease, or it has left. */
  isLost(server: ServerId): boolean;
  /** Where a room that nobody runs is to be woken. */
  preferred(room: RoomKey): ServerId | undefined;
  /** The room hears it here, or says where. */
  hear(...said: Hearing): void;
}

const itemsMax = tellItemsMax;
const bytesMax = 1024 * 1024;
const answerMsMax = 5_000;
const retryMs = { first: 20, max: 2_000 };

/**
 * Carries what rooms of this server say to rooms wherever they are. It keeps nothing: what is not heard stays with the one who
 * said it, and is offered again by its next owner.
 */
export class TellDesk {
  readonly #host: TellDeskHost;
  /** Pairs that are being carried; bounded by what rooms may have waiting. */
  readonly #underWay = new Set<string>();
  readonly #answers = new Map<number, (answer: HearAnswer) => void>();
  #nextId = 1;

  constructor(host: TellDeskHost) {
    this.#host = host;
  }

  /** Something waits at `speaker` for `to`. Safe to repeat. */
  offer(speaker: Speaker, to: RoomKey): void {
    const pair = `${speaker.key} ${to}`;
    if (this.#underWay.has(pair)) return;
    this.#underWay.add(pair);
    void this.#carry(speaker, to).finally(() => {
      this.#underWay.delete(pair);
      if (!speaker.isGone && speaker.waitingFor(to).length > 0) this.offer(speaker, to);
    });
  }

  onTell(link: TrunkLink, message: Extract<ControlMessage, { t: "tell" }>): void {
    const { id, room, from, first, items } = message;
    this.#host.hear(room, from, first, items, (answer) => {
      const upTo = answer.kind === "heard" ? answer.upTo : 0;
      const place = answer.kind === "elsewhere" ? { address: answer.address } : {};
      link.control({ t: "told", id, status: answer.kind, upTo, ...place });
    });
  }

  onTold(message: Extract<ControlMessage, { t: "told" }>): void {
    const answer = this.#answers.get(message.id);
    if (message.status === "heard") answer?.({ kind: "heard", upTo: message.upTo });
    else if (message.address !== undefined) answer?.({ kind: "elsewhere", address: message.address });
    else answer?.({ kind: "later" });
  }

  async #carry(speaker: Speaker, to: RoomKey): Promise<void> {
    let address: string | undefined;
    for (let failures = 0; !speaker.isGone; ) {
      const waiting = speaker.waitingFor(to);
      const first = waiting[0]?.number;
      if (first === undefined) return;
      address ??= await this.#find(to);
      const answer = await this.#say(address, speaker.key, to, first, upToBytes(waiting));
      if (answer.kind === "heard" && answer.upTo >= first) {
        speaker.told(to, answer.upTo);
        failures = 0;
        continue;
      }
      address = answer.kind === "elsewhere" ? answer.address : undefined;
      failures += 1;
      if (failures > 1 || answer.kind !== "elsewhere") await this.#pause(failures);
    }
  }

  /** Address of the server to ask; empty for this one. A room whose owner is lost is woken where it would be placed. */
  async #find(to: RoomKey): Promise<string | undefined> {
    const { store, me } = this.#host;
    const answer = await store.readHead(to);
    const owner = answer.kind === "head" ? answer.head?.owner : undefined;
    const server = owner && (owner === me || !this.#host.isLost(owner)) ? owner : this.#host.preferred(to);
    if (server === undefined) return undefined;
    return server === me ? "" : this.#host.addressOf(server);
  }

  #say(
    address: string | undefined,
    from: RoomKey,
    to: RoomKey,
    first: number,
    items: readonly Told[],
  ): Promise<HearAnswer> {
    if (address === undefined) return Promise.resolve({ kind: "later" });
    const { runtime, peers } = this.#host;
    return new Promise((resolve) => {
      const id = this.#nextId;
      this.#nextId = id >= 0xffffffff ? 1 : id + 1;
      let stop = (): void => {};
      const settle = (answer: HearAnswer): void => {
        timer.cancel();
        this.#answers.delete(id);
        stop();
        resolve(answer);
      };
      const timer = runtime.after(answerMsMax, () => settle({ kind: "later" }));
      if (address === "") {
        this.#host.hear(to, from, first, items, settle);
        return;
      }
      this.#answers.set(id, settle);
      stop = peers.use(address, {
        up: (link) => {
          const said = items.map(({ isText, bytes }) => ({ isText, bytes: new Uint8Array(bytes) }));
          link.control({ t: "tell", id, room: to, from, first, items: said });
        },
        down: () => settle({ kind: "later" }),
      });
    });
  }

  #pause(failures: number): Promise<void> {
    const { runtime } = this.#host;
    const capMs = Math.min(retryMs.first * 2 ** failures, retryMs.max);
    return new Promise((resolve) => runtime.after(capMs * (0.5 + runtime.random() / 2), resolve));
  }
}

/** At least one. */
function upToBytes(waiting: readonly Told[]): readonly Told[] {
  let bytes = 0;
  let count = 0;
  for (const item of waiting) {
    bytes += item.bytes.length;
    if (count >= itemsMax || (count > 0 && bytes > bytesMax)) break;
    count += 1;
  }
  return waiting.slice(0, count);
}

/** TELL-1: a room is woken to hear what another says; it answers when it has heard it durably. Without a cell: not now. */
export function hearAt(
  cell: RoomCell | undefined,
  addressOf: (server: ServerId) => string | undefined,
  [, from, first, items, answer]: Hearing,
): void {
  if (!cell) {
    answer({ kind: "later" });
    return;
  }
  cell.wish({
    running: (live) => live.tells.hear(from, first, items, (upTo) => answer({ kind: "heard", upTo })),
    refused: (outcome) => {
      const address = outcome.kind === "owned" ? addressOf(outcome.owner) : undefined;
      answer(address === undefined ? { kind: "later" } : { kind: "elsewhere", address });
    },
  });
}
