import type { Standing } from "../cluster/ownership.ts";
import type { MemberAgent } from "../store/member-agent.ts";
import type { ServerId } from "../wire/ids.ts";
import type { PeerLinks } from "./peer-links.ts";

/**
 * How a room's owner stands. Others' words are only a reason to look: a server is dead when its heartbeat has been silent for a
 * lease, when it has left, or when its own machine refuses or resets this server's connection.
 */
export class OwnerStanding {
  readonly #me: ServerId;
  readonly #members: MemberAgent;
  readonly #peers: PeerLinks;
  /** Probes under way, shared by all who ask; bounded by the number of servers. */
  readonly #probes = new Map<ServerId, Promise<Standing>>();

  constructor(me: ServerId, members: MemberAgent, peers: PeerLinks) {
    this.#me = me;
    this.#members = members;
    this.#peers = peers;
  }

  async of(owner: ServerId | null, unreachable: ReadonlySet<ServerId>): Promise<Standing> {
    if (owner === null) return "nobody";
    if (owner === this.#me) return "me";
    // An owner that is not in the view may have come after the last look.
    if (!this.#members.member(owner)) await this.#members.beat();
    const member = this.#members.member(owner);
    if (!member || member.state === "lost") return "dead";
    if (member.proven && !unreachable.has(owner)) return "live";
    return this.#probe(owner, member.info.address);
  }

  #probe(owner: ServerId, address: string): Promise<Standing> {
    const known = this.#probes.get(owner);
    if (known) return known;
    const probe = this.#peers.probe(address).then((answer): Standing => {
      this.#probes.delete(owner);
      if (answer === "open") return "live";
      if (answer !== "refused" && answer !== "reset") return "silent";
      this.#members.giveEvidence(owner);
      return "dead";
    });
    this.#probes.set(owner, probe);
    return probe;
  }
}
