import type { OwnershipEvent } from "../cluster/ownership.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { BindRequest, CellHost } from "./cell-ports.ts";

export interface HeadQuestion {
  readonly key: RoomKey;
  /** Who waits for the room. */
  readonly waiting: Iterable<BindRequest>;
  /** An operator wants it here. */
  readonly isOrdered: boolean;
  /** No later question has been asked: what this one has found out may be from before a silence (OWN-3). */
  isCurrent(): boolean;
}

/** What the store says of a room's head, and whether this server may and would take it. `undefined` where nobody waits for the answer any more. */
export async function judgeHead(host: CellHost, question: HeadQuestion): Promise<OwnershipEvent | undefined> {
  const { key, waiting, isOrdered, isCurrent } = question;
  const answer = await host.store.readHead(key);
  if (answer.kind !== "head") return isCurrent() ? { kind: "storeUnavailable" } : undefined;
  const { head } = answer;
  const unreachable = new Set([...waiting].flatMap((request) => request.unreachable));
  let standing = await host.standingOf(head?.owner ?? null, unreachable);
  if (standing === "dead") {
    // The last look may be older than the head: the owner may have come back, or its watchdog may have written of its end.
    await host.lookAgain();
    standing = await host.standingOf(head?.owner ?? null, unreachable);
  }
  if (!isCurrent()) return undefined;
  const isForced = [...waiting].some((request) => request.force);
  return { kind: "headRead", head, me: host.me, standing, claim: host.claimVerdict(key, isForced, isOrdered) };
}
