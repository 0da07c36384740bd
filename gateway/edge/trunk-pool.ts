import type { ServerId } from "../wire/ids.ts";
import type { EdgeRoom } from "./edge-room.ts";
import type { ChannelRequest } from "./room-setting.ts";
import { Trunk, type TrunkSetting } from "./trunk.ts";

export interface ServerAddress {
  readonly server: ServerId;
  readonly address: string;
}

/** Trunks to members and to where redirects pointed. A redirect beyond them is answered as if it could not be reached. */
const trunksMax = 4_096;
/** As many as a `bind` may name. */
const deadServersMax = 16;
/** "Just now": older evidence says little. A trunk that stays down is tried again, and its evidence renewed, far more often. */
const evidenceMsMax = 10_000;

/** The gateway's trunks: one to each room server, open before a room needs it. */
export class TrunkPool {
  readonly #setting: TrunkSetting;
  readonly #trunks = new Map<ServerId, Trunk>();
  #members: ReadonlySet<ServerId> = new Set();

  constructor(setting: TrunkSetting) {
    this.#setting = setting;
  }

  /** Dials members that are new, and lets go of trunks to others that no room uses. A trunk that has just ended is remembered a while. */
  setMembers(members: readonly ServerAddress[]): void {
    this.#members = new Set(members.map(({ server }) => server));
    for (const { server, address } of members) this.#reach(server, address);
    for (const [server, trunk] of this.#trunks) {
      if (this.#members.has(server) || trunk.isUsed || this.#hasJustEnded(trunk)) continue;
      this.#trunks.delete(server);
      trunk.close();
    }
  }

  /** See `RoomSetting.requestChannel`. The server need not be a member (yet). */
  request(room: EdgeRoom, server: ServerId, address: string): ChannelRequest {
    const trunk = this.#reach(server, address);
    if (trunk !== undefined) return trunk.request(room);
    room.channelLost();
    return { giveUp: () => undefined, awaitDrain: () => undefined };
  }

  /** Whether the latest try to reach it failed, and none has succeeded since. */
  isUnreachable(server: ServerId): boolean {
    return this.#trunks.get(server)?.failure !== undefined;
  }

  /** Servers whose operating system said just now that their process is gone. Evidence for room servers to check, not to believe. */
  deadServers(first: ServerId | undefined): readonly ServerId[] {
    const sinceMs = this.#setting.runtime.nowMs() - evidenceMsMax;
    const dead: ServerId[] = [];
    for (const { server, failure } of this.#trunks.values()) {
      if (failure === undefined || failure.atMs < sinceMs) continue;
      if (failure.kind !== "refused" && failure.kind !== "reset") continue;
      if (server === first) dead.unshift(server);
      else dead.push(server);
    }
    return dead.slice(0, deadServersMax);
  }

  close(): void {
    const trunks = [...this.#trunks.values()];
    this.#trunks.clear();
    for (const trunk of trunks) trunk.close();
  }

  #hasJustEnded({ failure }: Trunk): boolean {
    return failure !== undefined && this.#setting.runtime.nowMs() - failure.sinceMs < evidenceMsMax;
  }

  #reach(server: ServerId, address: string): Trunk | undefined {
    const known = this.#trunks.get(server);
    if (known !== undefined) {
      known.setAddress(address);
      return known;
    }
    if (this.#trunks.size >= trunksMax && !this.#members.has(server)) return undefined;
    const trunk = new Trunk(server, address, this.#setting);
    this.#trunks.set(server, trunk);
    return trunk;
  }
}
