import type { OwnershipEvent } from "../cluster/ownership.ts";
import type { Store, TakeoverAnswer } from "../store/port.ts";
import type { ServerId } from "../wire/ids.ts";

type ReleaseAnswer = Awaited<ReturnType<Store["release"]>>;

/** What an answer of the store is to a room's ownership. */
export function storeNews(answer: TakeoverAnswer | ReleaseAnswer, me: ServerId): OwnershipEvent {
  switch (answer.kind) {
    case "taken":
      return { kind: "taken", head: answer.head };
    case "released":
      return { kind: "released" };
    case "fenced":
      return { kind: "fenced", head: answer.head, me };
    case "unknown":
      return { kind: "storeUnknown" };
    case "unavailable":
      return { kind: "storeUnavailable" };
  }
}
