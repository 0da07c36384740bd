import type { Outcome } from "../cluster/ownership.ts";
import type { RefusalCode } from "../wire/control.ts";
import type { Channel, Epoch, RoomKey, ServerId } from "../wire/ids.ts";
import type { TrunkLink } from "../wire/link.ts";
import { cutDetail } from "../wire/text-limits.ts";
import type { CellHost } from "./cell-ports.ts";

type Place = { readonly link: TrunkLink; readonly channel: Channel };

/** Tells a gateway what has become of the room that it is bound to or has asked for. */
export function answerOutcome(host: CellHost, room: RoomKey, place: Place, outcome: Outcome, detail: string): void {
  switch (outcome.kind) {
    case "free":
      refuse(place, "unavailable", 0, "the room was let go");
      return;
    case "refused":
      refuse(place, outcome.code, retryAfterMs[outcome.code], detail);
      return;
    case "owned":
      redirect(host, room, place, outcome.owner, outcome.epoch);
      return;
  }
}

const retryAfterMs = {
  full: 0,
  draining: 0,
  quarantined: 60_000,
  unavailable: 200,
  "owner-silent": 200,
  broken: 1_000,
} as const;

export function refuse(place: Place, code: RefusalCode, afterMs: number, detail: string): void {
  place.link.control({
    t: "refused",
    channel: place.channel,
    code,
    retryAfterMs: afterMs,
    detail: cutDetail(detail),
  });
}

function redirect(host: CellHost, room: RoomKey, place: Place, server: ServerId, epoch: Epoch): void {
  const address = host.addressOf(server);
  if (address === undefined) refuse(place, "owner-silent", 100, "the owner's address is not known yet");
  else place.link.control({ t: "redirect", channel: place.channel, room, server, address, epoch });
}
