import { packNumbers, readPairs } from "../../../gateway/edge/number-pairs.ts";
import type { Control } from "../../../gateway/wire/control.ts";
import type { LinkEnd } from "../../../gateway/wire/link.ts";
import type { Frame } from "../frames.ts";
import { bytesOf, type EdgeFixture, roomKey } from "./edge-fixture.ts";
import type { FakeLink } from "./fake-trunks.ts";

/** A message as the room sent it: to whom, and where in the line. */
interface Sent {
  readonly rseq: number;
  readonly epoch: number;
  readonly targets: readonly number[];
  readonly text: string;
}

interface JournaledSession {
  position: number;
  isMember: boolean;
}

/** One trunk at the server's end: what it has read of it, and what it has said that has not arrived. */
interface ServerEnd {
  readonly server: string;
  readonly link: FakeLink;
  readFrames: number;
  readonly underWay: Frame[];
  /** How far in the line it was told. */
  toldUpTo: number;
  /** The room's channel on it, once bound. */
  channel: number | undefined;
}

const line = 1;

/**
 * A commit room and the servers that may own it, as plainly as can be: one journal that survives everything, and owners that
 * serve from it, freeze, move, crash, are deposed without knowing it. What is on its way when a trunk breaks is lost.
 */
export class ModelCluster {
  /** What was applied, by session number. */
  readonly applied = new Map<number, string[]>();
  readonly sent: Sent[] = [];
  readonly #edge: EdgeFixture;
  readonly #sessions = new Map<number, JournaledSession>();
  readonly #ends = new Map<FakeLink, ServerEnd>();
  /** The epoch at which each server believes that it owns the room. */
  readonly #believes = new Map<string, number>();
  readonly #down = new Set<string>();
  #frozen: string | undefined = undefined;
  #owner: string | undefined = undefined;
  #epoch = 0;

  constructor(edge: EdgeFixture) {
    this.#edge = edge;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get owner(): string | undefined {
    return this.#owner;
  }

  /** The trunks that are open, oldest first. */
  get ends(): ServerEnd[] {
    for (const link of this.#edge.trunks.links) {
      if (this.#ends.has(link)) continue;
      this.#ends.set(link, {
        server: link.peer.id,
        link,
        readFrames: 0,
        underWay: [],
        toldUpTo: 0,
        channel: undefined,
      });
    }
    return [...this.#ends.values()].filter(({ link }) => !link.isEnded);
  }

  /** The server reads what the gateway wrote, at most `count` frames. */
  read(end: ServerEnd, count: number): void {
    for (let left = count; left > 0 && !end.link.isEnded; left -= 1) {
      const frame = end.link.written[end.readFrames];
      if (frame === undefined) return;
      end.readFrames += 1;
      this.#handle(end, frame);
    }
  }

  /** What the server wrote arrives, at most `count` frames, as one batch. */
  arrive(end: ServerEnd, count: number): void {
    const frames = end.underWay.splice(0, count);
    if (frames.length > 0 && !end.link.isEnded) end.link.deliver(...frames);
    this.#edge.runtime.settle();
  }

  crash(server: string): void {
    this.#down.add(server);
    this.#believes.delete(server);
    if (this.#frozen === server) this.#frozen = undefined;
    this.#edge.trunks.fail(`${server}:1`, "refused");
    this.cut(server, "reset");
  }

  restart(server: string): void {
    if (!this.#down.delete(server)) return;
    this.#edge.trunks.serve(`${server}:1`, server);
  }

  /** The trunk breaks; the server lives. */
  cut(server: string, kind: LinkEnd["kind"]): void {
    for (const end of this.ends) if (end.server === server) end.link.end(kind);
    this.#edge.runtime.settle();
  }

  freeze(): void {
    const owner = this.#owner;
    if (owner === undefined || this.#frozen !== undefined || this.#believes.get(owner) !== this.#epoch) return;
    this.#frozen = owner;
    this.#tellBound(owner, (end, channel) =>
      end.underWay.push({ t: "flow", channel, epoch: this.#epoch, windowBytes: 0 }),
    );
  }

  /** The frozen room goes to `target`, or goes on where it is, at the next epoch in both cases. */
  thaw(target: string | undefined): void {
    const source = this.#frozen;
    this.#frozen = undefined;
    if (source === undefined) return;
    if (this.#owner !== source || this.#believes.get(source) !== this.#epoch) {
      // It lost the room while it stood still, and the store says to whom.
      this.#believes.delete(source);
      this.#tellBound(source, (end) => this.#redirect(end, end.channel ?? 0));
      return;
    }
    this.#epoch += 1;
    if (target !== undefined && target !== source && !this.#down.has(target)) {
      this.#own(target);
      // Channels that it had when it owned the room before mean nothing to it; frames on them are dropped without a word.
      for (const end of this.ends) if (end.server === target) end.channel = undefined;
      this.#believes.delete(source);
      this.#tellBound(source, (end) => this.#redirect(end, end.channel ?? 0));
      return;
    }
    this.#own(source);
    this.#announce(source);
  }

  /** `server` takes the room over; the owner before does not hear of it. */
  depose(server: string): void {
    if (this.#down.has(server) || this.#owner === server || this.#owner === undefined) return;
    this.#epoch += 1;
    this.#own(server);
    this.#announce(server);
  }

  /** The owner says again what it has said before. */
  repeat(count: number): void {
    const owner = this.#owner;
    if (owner === undefined || this.#believes.get(owner) !== this.#epoch) return;
    this.#tellBound(owner, (end, channel) => {
      for (const sent of this.sent.slice(-count)) end.underWay.push(this.#again(channel, sent));
    });
  }

  /** Channels that are bound already hear of the new epoch, and where the sessions stand. What was sent on them before still counts. */
  #announce(server: string): void {
    this.#tellBound(server, (end, channel) => {
      this.#bound(end, channel, end.toldUpTo, [...this.#sessions.keys()]);
      for (const sent of this.sent.slice(end.toldUpTo)) end.underWay.push(this.#again(channel, sent));
      end.toldUpTo = this.sent.length;
    });
  }

  #own(server: string): void {
    this.#owner = server;
    this.#believes.set(server, this.#epoch);
  }

  #tellBound(server: string, tell: (end: ServerEnd, channel: number) => void): void {
    for (const end of this.ends) if (end.server === server && end.channel !== undefined) tell(end, end.channel);
  }

  #handle(end: ServerEnd, frame: Frame): void {
    if (frame.t === "control") {
      if (frame.message.t === "bind") this.#bind(end, frame.message);
      else if (frame.message.t === "unbind" && frame.message.channel === end.channel) end.channel = undefined;
      return;
    }
    if (frame.t !== "join" && frame.t !== "up" && frame.t !== "leave") return;
    if (frame.channel !== end.channel || frame.epoch !== this.#believes.get(end.server)) return;
    if (this.#frozen === end.server) return;
    // A deposed owner learns of it when it wants to append.
    if (frame.epoch !== this.#epoch) {
      this.#believes.delete(end.server);
      this.#redirect(end, frame.channel);
      return;
    }
    this.#turn(end, frame);
  }

  #turn(end: ServerEnd, frame: Extract<Frame, { t: "join" | "up" | "leave" }>): void {
    const { session: number, cseq, channel, epoch } = frame;
    const session = this.#sessions.get(number) ?? { position: 0, isMember: false };
    const isNext = cseq === session.position + 1;
    if (cseq > session.position && !isNext) return;
    if (isNext) {
      this.#sessions.set(number, session);
      session.position = cseq;
    }
    end.underWay.push({ t: "ack", channel, epoch, pairs: [number, session.position] });
    if (!isNext) return;
    if (frame.t === "leave") session.isMember = false;
    if (frame.t === "join") {
      session.isMember = true;
      this.#say(end, channel, [number], `hello ${number}`);
    }
    if (frame.t === "up") {
      const text = Buffer.from(frame.payload).toString();
      this.applied.set(number, [...(this.applied.get(number) ?? []), text]);
      this.#say(end, channel, this.#members(), `${number} said ${text}`);
    }
  }

  #members(): number[] {
    return [...this.#sessions].filter(([, { isMember }]) => isMember).map(([number]) => number);
  }

  #say(end: ServerEnd, channel: number, targets: number[], text: string): void {
    const sent: Sent = { rseq: this.sent.length + 1, epoch: this.#epoch, targets, text };
    this.sent.push(sent);
    end.toldUpTo = sent.rseq;
    const isToOne = text.startsWith("hello");
    const head = { channel, epoch: this.#epoch, delivery: "reliable", latestKey: 0, rseq: sent.rseq } as const;
    const payload = bytesOf(text);
    end.underWay.push(
      isToOne
        ? { t: "down", session: targets[0] ?? 0, isText: true, payload, ...head }
        : { t: "broadcast", except: 0, isText: true, payload, ...head },
    );
  }

  #bind(end: ServerEnd, bind: Control<"bind">): void {
    const { channel } = bind;
    if (this.#isDeposed(end.server)) {
      this.#boundByZombie(end, bind);
      return;
    }
    const isMine = this.#owner === end.server && this.#believes.get(end.server) === this.#epoch;
    if (!isMine && this.#owner !== undefined && this.#owner !== end.server && !this.#down.has(this.#owner)) {
      this.#redirect(end, channel);
      return;
    }
    if (!isMine) {
      this.#epoch += 1;
      this.#own(end.server);
    }
    end.channel = channel;
    const sessions = readPairs(bind.sessions);
    for (const [number, session] of this.#sessions) if (!sessions.has(number)) session.isMember = false;
    const from = bind.line === line ? bind.seen : this.sent.length;
    this.#bound(end, channel, from, [...sessions.keys()]);
    for (const sent of this.sent.slice(from)) end.underWay.push(this.#again(channel, sent));
    end.toldUpTo = this.sent.length;
    if (this.#frozen === end.server) end.underWay.push({ t: "flow", channel, epoch: this.#epoch, windowBytes: 0 });
  }

  #isDeposed(server: string): boolean {
    const epoch = this.#believes.get(server);
    return epoch !== undefined && epoch < this.#epoch;
  }

  /** It has not heard that it lost the room, so it takes the gateway in; it knows nothing of what its successors did. */
  #boundByZombie(end: ServerEnd, { channel, seen, sessions }: Control<"bind">): void {
    end.channel = channel;
    const epoch = this.#believes.get(end.server) ?? 0;
    const message = { t: "bound", channel, epoch, line, rseq: seen, windowBytes: 500, gap: false } as const;
    end.underWay.push({ t: "control", message: { ...message, positions: sessions } });
    const known = this.sent.slice(seen).filter((sent) => sent.epoch <= epoch);
    for (const sent of known) end.underWay.push({ ...this.#again(channel, sent), epoch });
  }

  #bound(end: ServerEnd, channel: number, rseq: number, sessions: number[]): void {
    const positions = sessions.flatMap((number) => [number, this.#sessions.get(number)?.position ?? 0]);
    end.underWay.push({
      t: "control",
      message: {
        t: "bound",
        channel,
        epoch: this.#epoch,
        line,
        rseq,
        positions: packNumbers(positions),
        windowBytes: 500,
        gap: false,
      },
    });
  }

  #redirect(end: ServerEnd, channel: number): void {
    const server = this.#owner ?? end.server;
    const target = { server: this.#edge.serverId(server), address: `${server}:1`, epoch: this.#epoch };
    end.underWay.push({ t: "control", message: { t: "redirect", channel, room: roomKey("r"), ...target } });
    if (end.channel === channel) end.channel = undefined;
  }

  /** To those that it was for when it was said: others may have joined since. */
  #again(channel: number, { rseq, targets, text }: Sent): Extract<Frame, { t: "multicast" }> {
    return {
      t: "multicast",
      channel,
      epoch: this.#epoch,
      sessions: [...targets],
      delivery: "reliable",
      latestKey: 0,
      rseq,
      isText: true,
      payload: bytesOf(text),
    };
  }
}
