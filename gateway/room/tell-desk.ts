import type { Store } from "../store/port.ts";
import type { Control, ControlMessage } from "../wire/control.ts";
import type { RoomKey, ServerId } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import type { Logger, Runtime } from "../wire/runtime.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { RoomCell } from "./room-cell.ts";
import type { Told } from "./spoken-lines.ts";

/** What a room has to say to another next. `ask`: it needs a line first. `settle`: all up to there is recorded as heard. */
export type Saying =
  | { readonly kind: "ask" }
  | { readonly kind: "say"; readonly line: number; readonly items: readonly Told[] }
  | { readonly kind: "settle"; readonly line: number; readonly upTo: number };

export type HearAnswer =
  | { readonly kind: "line"; readonly line: number; readonly upTo: number }
  | { readonly kind: "unknownLine" }
  | { readonly kind: "heard"; readonly upTo: number }
  | { readonly kind: "elsewhere"; readonly address: string }
  | { readonly kind: "later" };

/** A room that has something to say. */
export interface Speaker {
  readonly key: RoomKey;
  /** It speaks no more from here. */
  readonly isGone: boolean;
  /** `undefined`: nothing now. It is offered again when there is. */
  next(to: RoomKey): Saying | undefined;
  /** Whether that has brought it forward. */
  answered(to: RoomKey, saying: Saying, answer: HearAnswer): boolean;
}

/** What is said, and who is told the answer: once, or never. */
export type HearRequest = [to: RoomKey, from: RoomKey, saying: Saying, answer: (answer: HearAnswer) => void];

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
  taker(room: RoomKey): ServerId | undefined;
  /** The room hears it here, or says where. */
  hear(...request: HearRequest): void;
  /** Room `speaker` is to settle what `listener` has heard of it. Wakes it here, or does nothing. */
  remind(speaker: RoomKey, listener: RoomKey): void;
}

const answerMsMax = 5_000;
const retryMs = { first: 20, max: 2_000 };

/**
 * Carries what rooms of this server say to rooms wherever they are. It keeps nothing: what is not heard stays with the one who
 * said it, and is offered again by its next owner.
 */
export class TellDesk {
  readonly #host: TellDeskHost;
  /** Whom each speaker is being carried to; bounded by what rooms may have waiting. */
  readonly #underWay = new WeakMap<Speaker, Set<RoomKey>>();
  readonly #answers = new Map<number, (answer: HearAnswer) => void>();
  #nextId = 1;

  constructor(host: TellDeskHost) {
    this.#host = host;
  }

  /** Something waits at `speaker` for `to`. Safe to repeat. */
  offer(speaker: Speaker, to: RoomKey): void {
    let underWay = this.#underWay.get(speaker);
    if (!underWay) {
      underWay = new Set();
      this.#underWay.set(speaker, underWay);
    }
    if (underWay.has(to)) return;
    underWay.add(to);
    void this.#carry(speaker, to, underWay).catch((err: unknown) =>
      this.#host.log.error({ room: speaker.key, to, err }, "what was told is not carried"),
    );
  }

  /** The room `speaker`, wherever it is, is to settle what `listener` has heard of it. */
  remind(speaker: RoomKey, listener: RoomKey): void {
    void this.#find(speaker).then((address) => {
      if (address === "") this.#host.remind(speaker, listener);
      else if (address !== undefined) this.#sendReminder(address, speaker, listener);
    });
  }

  onTell(link: TrunkLink, message: Control<"tell">): void {
    const { id, room, from, kind, line, upTo, items } = message;
    const saying: Saying = kind === "ask" ? { kind } : kind === "say" ? { kind, line, items } : { kind, line, upTo };
    this.#host.hear(room, from, saying, (answer) => link.control(toldOf(id, answer)));
  }

  onTold(message: Control<"told">): void {
    this.#answers.get(message.id)?.(answerOf(message));
  }

  onRemind({ room, listener }: Control<"tellRemind">): void {
    this.#host.remind(room, listener);
  }

  async #carry(speaker: Speaker, to: RoomKey, underWay: Set<RoomKey>): Promise<void> {
    try {
      let address: string | undefined;
      for (let failures = 0; !speaker.isGone; ) {
        if (speaker.next(to) === undefined) return;
        address ??= await this.#find(to);
        // What there is to say may have changed meanwhile.
        const saying = speaker.isGone ? undefined : speaker.next(to);
        if (saying === undefined) return;
        const answer = await this.#say(address, speaker.key, to, saying);
        if (speaker.isGone) return;
        if (speaker.answered(to, saying, answer)) {
          failures = 0;
          continue;
        }
        address = answer.kind === "elsewhere" ? answer.address : undefined;
        failures += 1;
        if (failures > 1 || answer.kind !== "elsewhere") await this.#pause(failures);
      }
    } finally {
      // In the same moment in which there was nothing to say: what is offered right behind that is not lost.
      underWay.delete(to);
    }
  }

  /** Address of the server to ask; empty for this one. A room whose owner is lost is woken where it would be placed. */
  async #find(to: RoomKey): Promise<string | undefined> {
    const { store, me } = this.#host;
    const answer = await store.readHead(to);
    const owner = answer.kind === "head" ? answer.head?.owner : undefined;
    const server = owner && (owner === me || !this.#host.isLost(owner)) ? owner : this.#host.taker(to);
    if (server === undefined) return undefined;
    return server === me ? "" : this.#host.addressOf(server);
  }

  #say(address: string | undefined, from: RoomKey, to: RoomKey, saying: Saying): Promise<HearAnswer> {
    if (address === undefined) return Promise.resolve({ kind: "later" });
    const { runtime, peers } = this.#host;
    return new Promise((resolve) => {
      const id = this.#takeId();
      let stop = (): void => {};
      const settle = (answer: HearAnswer): void => {
        timer.cancel();
        this.#answers.delete(id);
        stop();
        resolve(answer);
      };
      const timer = runtime.after(answerMsMax, () => settle({ kind: "later" }));
      if (address === "") {
        this.#host.hear(to, from, saying, settle);
        return;
      }
      this.#answers.set(id, settle);
      stop = peers.use(address, {
        up: (link) => link.control(tellOf(id, to, from, saying)),
        down: () => settle({ kind: "later" }),
      });
    });
  }

  #sendReminder(address: string, speaker: RoomKey, listener: RoomKey): void {
    const stop = this.#host.peers.use(address, {
      up: (link) => {
        link.control({ t: "tellRemind", room: speaker, listener });
        this.#host.runtime.soon(() => stop());
      },
      down: () => {},
    });
    this.#host.runtime.after(answerMsMax, stop);
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId = id >= 0xffffffff ? 1 : id + 1;
    return id;
  }

  #pause(failures: number): Promise<void> {
    const { runtime } = this.#host;
    const capMs = Math.min(retryMs.first * 2 ** failures, retryMs.max);
    return new Promise((resolve) => runtime.after(capMs * (0.5 + runtime.random() / 2), resolve));
  }
}

function tellOf(id: number, room: RoomKey, from: RoomKey, saying: Saying): ControlMessage {
  const items = saying.kind === "say" ? saying.items : [];
  return {
    t: "tell",
    id,
    room,
    from,
    kind: saying.kind,
    line: saying.kind === "ask" ? 0 : saying.line,
    upTo: saying.kind === "settle" ? saying.upTo : 0,
    items: items.map(({ number, isText, bytes }) => ({ number, isText, bytes: bytes as Uint8Array<ArrayBuffer> })),
  };
}

function toldOf(id: number, answer: HearAnswer): ControlMessage {
  const none = { t: "told", id, status: answer.kind, line: 0, upTo: 0 } as const;
  if (answer.kind === "line") return { ...none, line: answer.line, upTo: answer.upTo };
  if (answer.kind === "heard") return { ...none, upTo: answer.upTo };
  return answer.kind === "elsewhere" ? { ...none, address: answer.address } : none;
}

function answerOf({ status, line, upTo, address }: Control<"told">): HearAnswer {
  switch (status) {
    case "line":
      return { kind: "line", line, upTo };
    case "heard":
      return { kind: "heard", upTo };
    case "unknownLine":
      return { kind: "unknownLine" };
    case "elsewhere":
      return address === undefined ? { kind: "later" } : { kind: "elsewhere", address };
    case "later":
      return { kind: "later" };
  }
}

/** TELL-1: a room is woken to hear what another says; it answers when it has heard it durably. Without a cell: not now. */
export function hearAt(
  cell: RoomCell | undefined,
  addressOf: (server: ServerId) => string | undefined,
  [, from, saying, answer]: HearRequest,
): void {
  if (!cell) {
    answer({ kind: "later" });
    return;
  }
  cell.wish({
    running: (live) => live.tells.hear(from, saying, answer),
    refused: (outcome) => {
      const address = outcome.kind === "owned" ? addressOf(outcome.owner) : undefined;
      answer(address === undefined ? { kind: "later" } : { kind: "elsewhere", address });
    },
  });
}
