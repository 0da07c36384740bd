import { mayClaim } from "../cluster/bounded-load.ts";
import type { HashKey } from "../cluster/keyed-hash.ts";
import { inStateMs, type Member } from "../cluster/membership.ts";
import { createPlacement, type Placement } from "../cluster/rendezvous.ts";
import type { MemberAgent } from "../store/member-agent.ts";
import type { MemberRecord } from "../store/port.ts";
import { type AppName, appOf, type RoomKey, type ServerId } from "../wire/ids.ts";
import { quarantine } from "./fault-book.ts";

/** Which servers could take a room, by the present view. Derived anew when the view changes. */
export class Candidates {
  readonly #key: HashKey;
  readonly #me: ServerId;
  readonly #members: MemberAgent;
  #revision = -1;
  /** By app; bounded by the apps of this server. */
  readonly #placements = new Map<AppName, Placement>();
  /** Rooms that were sent to a server since its row can have told of them: since the look before the last. */
  #sent = new Map<ServerId, number>();
  #sentBefore = new Map<ServerId, number>();

  constructor(key: HashKey, me: ServerId, members: MemberAgent) {
    this.#key = key;
    this.#me = me;
    this.#members = members;
  }

  /** The view was looked at again. */
  looked(): void {
    this.#sentBefore = this.#sent;
    this.#sent = new Map();
  }

  member(server: ServerId): Member<MemberRecord> | undefined {
    const member = this.#members.member(server);
    return member?.kind === "server" ? member : undefined;
  }

  /** The room's favourite among the servers that take rooms. */
  preferred(room: RoomKey): ServerId | undefined {
    return this.#placementFor(appOf(room)).first(room);
  }

  /** Who is to take the room where nobody is connected who could ask one after the other: the first in its order that has room. */
  taker(room: RoomKey, myRooms: number, myWeight: number): ServerId | undefined {
    const placement = this.#placementFor(appOf(room));
    const ranked = placement.ranked(room, placement.servers.length);
    const ownRoom = { ownRooms: myRooms, ownWeight: myWeight, others: this.othersLoad(), claimsSinceView: 0 };
    const taker = ranked.find((server) =>
      server === this.#me ? mayClaim(ownRoom).ok : this.hasRoom(server, myRooms, myWeight),
    );
    return taker ?? ranked[0];
  }

  /** The other servers that can take it now, in its order. */
  others(room: RoomKey): ServerId[] {
    const placement = this.#placementFor(appOf(room));
    return placement.ranked(room, placement.servers.length).filter((server) => server !== this.#me);
  }

  /** QUAR-1: how many servers have not come back from a turn of this room, of those that fell silent within the last minute. */
  deathsBy(room: RoomKey): number {
    const { membership } = this.#members;
    let deaths = 0;
    for (const member of membership.members.values()) {
      const isRecent = member.state !== "lost" || inStateMs(membership, member) <= quarantine.withinMs;
      if (member.info.suspect === room && isRecent) deaths += 1;
    }
    return deaths;
  }

  /** How long the server has been as it is, as far as this one has watched it. */
  steadyMs(member: Member<MemberRecord>): number {
    return inStateMs(this.#members.membership, member);
  }

  /** Other servers' rooms and weights, for the question whether this one may claim another. */
  othersLoad(): { rooms: number; weight: number }[] {
    const loads: { rooms: number; weight: number }[] = [];
    for (const member of this.#members.membership.members.values()) {
      if (member.kind !== "server" || !member.usable || member.id === this.#me) continue;
      loads.push({ rooms: member.info.rooms, weight: member.info.weight });
    }
    return loads;
  }

  /** PLACE-5: the first of `servers` that has room within the bound; the first of all where none has. Counts the choice. */
  choose(servers: readonly ServerId[], myRooms: number, myWeight: number): ServerId | undefined {
    const chosen = servers.find((server) => this.hasRoom(server, myRooms, myWeight)) ?? servers[0];
    if (chosen) this.count(chosen);
    return chosen;
  }

  /** A room is on its way to `server`. */
  count(server: ServerId): void {
    this.#sent.set(server, (this.#sent.get(server) ?? 0) + 1);
  }

  /** Whether `server` is within its bound with what it told and what was sent to it since. */
  hasRoom(server: ServerId, myRooms: number, myWeight: number): boolean {
    const member = this.member(server);
    if (!member) return false;
    const roomsOf = (id: ServerId, rooms: number): number =>
      rooms + (this.#sent.get(id) ?? 0) + (this.#sentBefore.get(id) ?? 0);
    const others = [{ rooms: myRooms, weight: myWeight }];
    for (const other of this.#members.membership.members.values()) {
      if (other.kind !== "server" || !other.usable || other.id === this.#me || other.id === server) continue;
      others.push({ rooms: roomsOf(other.id as ServerId, other.info.rooms), weight: other.info.weight });
    }
    const ownRooms = roomsOf(server, member.info.rooms);
    return mayClaim({ ownRooms, ownWeight: member.info.weight, others, claimsSinceView: 0 }).ok;
  }

  #placementFor(app: AppName): Placement {
    const { membership } = this.#members;
    if (membership.revision !== this.#revision) {
      this.#revision = membership.revision;
      this.#placements.clear();
    }
    const known = this.#placements.get(app);
    if (known) return known;
    const servers: { id: ServerId; weight: number }[] = [];
    for (const member of membership.members.values()) {
      if (member.kind !== "server" || !member.usable || !member.info.apps.includes(app)) continue;
      servers.push({ id: member.id as ServerId, weight: member.info.weight });
    }
    const placement = createPlacement(this.#key, servers);
    this.#placements.set(app, placement);
    return placement;
  }
}
