import { z } from "zod";
import { decodePlain, encodePlain } from "../wire/control-codec.ts";
import { RoomgateError } from "../wire/errors.ts";
import { type Epoch, type GatewayId, parseGatewayId, type Rseq } from "../wire/ids.ts";
import { protocolLengthMax } from "../wire/text-limits.ts";
import { Attachment } from "./attachment.ts";
import type { Member } from "./member.ts";
import { headLimits } from "./room-bounds.ts";
import type { TellsState } from "./room-tells.ts";
import type { SentMessage, Target } from "./sent-tail.ts";

/**
 * What moves with a room besides the app's own state: who is in it and where their streams stand, what was sent and may have to
 * be sent again, timers, names of unfinished work.
 *
 * Its head is MessagePack; the app's state goes beside it as it is (`state-body.ts`).
 */
export interface MovingState {
  readonly line: Epoch;
  readonly rseq: Rseq;
  /** The next session's name in the journal. */
  readonly nextRef: number;
  readonly lostUpTo: Rseq;
  readonly gateways: readonly { readonly gateway: GatewayId; readonly seen: Rseq; readonly sent: Rseq }[];
  readonly members: readonly Member[];
  readonly tail: readonly SentMessage[];
  /** The room's clock. */
  readonly clockMs: number;
  readonly timers: readonly (readonly [name: string, dueMs: number])[];
  readonly works: readonly string[];
  readonly tells: TellsState;
}

const number = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const protocolText = z.string().max(protocolLengthMax);
const gatewayId = z.string().transform((value, context): GatewayId => {
  const id = parseGatewayId(value);
  if (id === undefined) context.addIssue({ code: "custom", message: "not a gateway id" });
  return id as GatewayId;
});
const head = z.object({
  line: number,
  rseq: number,
  nextRef: number,
  lostUpTo: number,
  gateways: z.array(z.tuple([gatewayId, number, number])),
  /** Index of the gateway, number, protocol, position, ended, attachment, ref, joinedAt. */
  members: z.array(
    z.tuple([number, number, protocolText, number, z.boolean(), z.instanceof(Uint8Array), number, number]),
  ),
  /** rseq, target (-1 all, else indexes of members), exception (-1 none), close code, text, payload. */
  tail: z.array(
    z.tuple([
      number,
      z.union([z.literal(-1), z.array(number)]),
      z.number(),
      number,
      z.boolean(),
      z.instanceof(Uint8Array),
    ]),
  ),
  clockMs: z.number().min(0),
  timers: z.array(z.tuple([z.string(), z.number()])),
  works: z.array(z.string()),
  tells: z.object({
    next: number,
    /** Room, then number, text, payload of each thing told to it. */
    out: z.array(z.tuple([z.string(), z.array(z.tuple([number, z.boolean(), z.instanceof(Uint8Array)]))])),
    refused: z.array(z.string()),
    nextLine: number,
    /** Room, line, number that is heard. */
    heard: z.array(z.tuple([z.string(), number, number])),
  }),
});

/** Of a session that has ended nobody asks what it spoke, or what was attached to it. */
export function encodeMovingState(state: MovingState): Uint8Array {
  const gatewayIndex = new Map(state.gateways.map(({ gateway }, index) => [gateway, index]));
  const memberIndex = new Map(state.members.map((member, index) => [member, index]));
  return encodePlain(
    {
      line: state.line,
      rseq: state.rseq,
      nextRef: state.nextRef,
      lostUpTo: state.lostUpTo,
      gateways: state.gateways.map(({ gateway, seen, sent }) => [gateway, seen, sent]),
      members: state.members.map((member) => {
        const { number, position, ref, joinedAt } = member;
        const isEnded = member.state === "ended";
        const protocol = isEnded ? "" : member.protocol;
        const { bytes } = isEnded ? Attachment.none : member.kept;
        const gateway = gatewayIndex.get(member.gateway) ?? -1;
        return [gateway, number, protocol, position, isEnded, bytes, ref, joinedAt];
      }),
      tail: state.tail.map((message) => encodeSent(message, memberIndex)),
      clockMs: state.clockMs,
      timers: state.timers,
      works: state.works,
      tells: state.tells,
    },
    headLimits,
  );
}

/** Throws a `RoomgateError` (`bad-state`) for anything but what {@link encodeMovingState} makes. */
export function decodeMovingState(bytes: Uint8Array) {
  const decoded = decodePlain(bytes, headLimits);
  if (decoded.kind === "fault") throw badState(decoded.rule);
  const parsed = head.safeParse(decoded.value);
  if (!parsed.success) throw badState(z.prettifyError(parsed.error));
  const { data } = parsed;
  const gateways = data.gateways.map(([gateway, seen, sent]) => ({ gateway, seen, sent }));
  const members = data.members.map(([index, number, protocol, position, ended, bytes, ref, joinedAt]) => {
    const gateway = gateways[index]?.gateway;
    if (!gateway) throw badState("a member without a gateway");
    const attachment = Attachment.read(bytes);
    if (attachment === undefined) throw badState("an attachment that is none");
    return { gateway, number, protocol, position, ended, ref, joinedAt, attachment };
  });
  return {
    line: data.line,
    rseq: data.rseq,
    nextRef: data.nextRef,
    lostUpTo: data.lostUpTo,
    gateways,
    members,
    clockMs: data.clockMs,
    timers: data.timers,
    works: data.works,
    tells: data.tells,
    /** The tail, once the members are there that it speaks of. Messages to members that are gone are left out. */
    *tailOf(restored: readonly (Member | undefined)[]): Iterable<SentMessage> {
      for (const [rseq, to, except, closeCode, isText, payload] of data.tail) {
        const target = decodeTarget(to, except, restored);
        if (target) yield { rseq, target, closeCode, isText, payload };
      }
    },
  };
}

function encodeSent(message: SentMessage, indexes: ReadonlyMap<Member, number>) {
  const { rseq, target, closeCode, isText, payload } = message;
  const index = (member: Member | undefined): number => (member && indexes.get(member)) ?? -1;
  const some = target.kind === "all" ? [] : target.kind === "one" ? [target.member] : target.members;
  const to = target.kind === "all" ? -1 : some.map(index).filter((one) => one >= 0);
  return [rseq, to, target.kind === "all" ? index(target.except) : -1, closeCode, isText, payload];
}

function decodeTarget(
  to: -1 | readonly number[],
  except: number,
  members: readonly (Member | undefined)[],
): Target | undefined {
  if (to === -1) return { kind: "all", except: members[except] };
  const some = to.map((index) => members[index]).filter((member) => member !== undefined);
  const [only] = some;
  if (!only) return undefined;
  return some.length === 1 ? { kind: "one", member: only } : { kind: "some", members: some };
}

function badState(detail: string): RoomgateError {
  return new RoomgateError("bad-state", `the moved state cannot be read: ${detail}`);
}
