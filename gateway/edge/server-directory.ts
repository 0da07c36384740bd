import type { HashKey } from "../cluster/keyed-hash.ts";
import type { Member, Membership } from "../cluster/membership.ts";
import { createPlacement, type Placement } from "../cluster/rendezvous.ts";
import { type AppName, appOf, type RoomKey, type ServerId } from "../wire/ids.ts";
import type { Candidate } from "./owner-search.ts";
import type { ServerAddress } from "./trunk-pool.ts";

/** What a gateway wants to know of a member besides its life. */
export interface MemberInfo {
  readonly address: string;
  readonly weight: number;
  readonly apps: readonly string[];
}

/** A round of questions is no longer than this, in a cluster of any size. */
const candidatesMax = 64;
/** Apps that some server had since this process began; further ones are not remembered when their servers go. */
const appsRememberedMax = 1_024;

interface AppServers {
  readonly placement: Placement;
  /** Draining servers: they may still own the room, but will not take it. */
  readonly draining: readonly ServerId[];
}

/** The room servers as this gateway sees them now, and in which order a room's search asks them. */
export class ServerDirectory {
  readonly #key: HashKey;
  readonly #isUnreachable: (server: ServerId) => boolean;
  readonly #appsSeen = new Set<string>();
  readonly #byApp = new Map<AppName, AppServers>();
  #servers = new Map<ServerId, Member<MemberInfo>>();
  #revision = -1;

  constructor(key: HashKey, isUnreachable: (server: ServerId) => boolean) {
    this.#key = key;
    this.#isUnreachable = isUnreachable;
  }

  /** `true` if there is anything new in it for rooms that look for an owner. */
  update(membership: Membership<MemberInfo>): boolean {
    if (membership.revision === this.#revision) return false;
    this.#revision = membership.revision;
    this.#servers = new Map();
    this.#byApp.clear();
    for (const member of membership.members.values()) {
      if (member.kind !== "server" || member.state === "lost") continue;
      this.#servers.set(member.id as ServerId, member);
      for (const app of member.info.apps) {
        if (this.#appsSeen.size < appsRememberedMax) this.#appsSeen.add(app);
      }
    }
    return true;
  }

  /** Those that are not lost. */
  get servers(): readonly ServerAddress[] {
    return [...this.#servers.values()].map(({ id, info }) => ({ server: id as ServerId, address: info.address }));
  }

  get hasServer(): boolean {
    return this.#servers.size > 0;
  }

  /** `unknown`: no server was ever seen, so nothing can be said about any app. */
  judgeApp(app: string): "served" | "missing" | "unknown" {
    if (this.#appsSeen.has(app)) return "served";
    for (const { info } of this.#servers.values()) if (info.apps.includes(app)) return "served";
    return this.#appsSeen.size === 0 ? "unknown" : "missing";
  }

  /** By rank; then those that drain; and last of all those that could not be reached. */
  candidates(room: RoomKey): readonly Candidate[] {
    const { placement, draining } = this.#serversOf(appOf(room));
    const reachable: Candidate[] = [];
    const unreachable: Candidate[] = [];
    for (const server of [...placement.ranked(room, candidatesMax), ...draining]) {
      const member = this.#servers.get(server);
      if (member === undefined) continue;
      const isUnreachable = this.#isUnreachable(server);
      (isUnreachable ? unreachable : reachable).push({ server, address: member.info.address, isUnreachable });
    }
    return [...reachable, ...unreachable].slice(0, candidatesMax);
  }

  #serversOf(app: AppName): AppServers {
    const known = this.#byApp.get(app);
    if (known !== undefined) return known;
    const hosts = [...this.#servers.values()].filter(({ info }) => info.apps.includes(app));
    const usable = hosts.filter(({ usable }) => usable);
    const made: AppServers = {
      placement: createPlacement(
        this.#key,
        usable.map(({ id, info }) => ({ id: id as ServerId, weight: info.weight })),
      ),
      draining: hosts.filter(({ usable }) => !usable).map(({ id }) => id as ServerId),
    };
    this.#byApp.set(app, made);
    return made;
  }
}
