import { GatewayChannel } from "../../gateway/room/gateway-channel.ts";
import { Member, type MemberIdentity } from "../../gateway/room/member.ts";
import type { MovingState } from "../../gateway/room/moving-state.ts";
import type { GatewayId } from "../../gateway/wire/ids.ts";
import type { TrunkLink } from "../../gateway/wire/link.ts";

/** Parts of a room without a room around them. */

const nobody = { sendTo: () => {}, closeMember: () => {}, attach: () => {} };

export function createChannel(gateway = "g1"): GatewayChannel {
  return new GatewayChannel(gateway as GatewayId, 0, 0, { nowMs: 0, watchedMs: 0 });
}

export function createMember(channel: GatewayChannel, identity: Partial<MemberIdentity> = {}): Member {
  const member = new Member(nobody, channel, {
    number: 1,
    protocol: "",
    position: 1,
    ref: 0,
    joinedAt: 0,
    ...identity,
  });
  channel.members.set(member.number, member);
  return member;
}

/** What moves with a room in which nothing has happened, but for what a test says. */
export function movingStateOf(known: Partial<MovingState> = {}): MovingState {
  return {
    line: 1,
    rseq: 0,
    nextRef: 1,
    lostUpTo: 0,
    gateways: [],
    members: [],
    tail: [],
    clockMs: 0,
    timers: [],
    works: [],
    tells: { next: 1, out: [], refused: [], nextLine: 1, heard: [] },
    ...known,
  };
}

/** A trunk that writes down what is sent on it, oldest first, as `name argument argument …`. */
export class WrittenLink {
  readonly lines: string[] = [];
  bufferedBytes = 0;
  flushesRequested = 0;
  readonly #heard: (() => void)[] = [];

  get link(): TrunkLink {
    const note =
      (name: string) =>
      (...given: unknown[]): void => {
        this.lines.push([name, ...given.map(textOf)].join(" "));
      };
    const known: Record<string, unknown> = {
      requestFlush: () => {
        this.flushesRequested += 1;
      },
      whenHeard: (task: () => void) => void this.#heard.push(task),
    };
    return new Proxy({} as TrunkLink, {
      get: (_target, name) =>
        name === "bufferedBytes" ? this.bufferedBytes : (known[String(name)] ?? note(String(name))),
    });
  }

  /** The peer has taken everything that was written. */
  hear(): void {
    for (const task of this.#heard.splice(0)) task();
  }

  /** What was written since the last call. */
  take(): string[] {
    return this.lines.splice(0);
  }
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
