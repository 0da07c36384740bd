import type { Standing } from "../cluster/ownership.ts";
import type { MemberAgent } from "../store/member-agent.ts";
import type { ServerId } from "../wire/ids.ts";
import type { LinkEnd } from "../wire/link.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { PeerLinks } from "./peer-links.ts";

/** Before each further connection to a server whose machine reset the one before. */
const resetPausesMs = [0, 10, 40, 160];

/**
 * How a room's owner stands. Others' words are only a reason to look: a server is dead when its heartbeat has been silent for a
 * lease, when it has left, or when its own machine refuses this server's connection.
 */
export class OwnerStanding {
  readonly #me: ServerId;
  readonly #members: MemberAgent;
  readonly #peers: Pick<PeerLinks, "probe">;
  readonly #runtime: Runtime;
  /** Probes under way by the instance of the server, shared by all who ask; bounded by the number of servers. */
  readonly #probes = new Map<string, Promise<Standing>>();

  constructor(me: ServerId, members: MemberAgent, peers: Pick<PeerLinks, "probe">, runtime: Runtime) {
    this.#me = me;
    this.#members = members;
    this.#peers = peers;
    this.#runtime = runtime;
  }

  async of(owner: ServerId | null, unreachable: ReadonlySet<ServerId>): Promise<Standing> {
    if (owner === null) return "nobody";
    if (owner === this.#me) return "me";
    // An owner that is not in the view may have come after the last look.
    if (!this.#members.member(owner)) await this.#members.lookAgain();
    const member = this.#members.member(owner);
    if (!member || member.state === "lost") return "dead";
    if (member.proven && !unreachable.has(owner)) return "live";
    const standing = await this.#probe(owner, member.instance, member.info.address);
    // LIVE-13: how the process before it answered says nothing of the one that has the id by now.
    return this.#members.member(owner)?.instance === member.instance ? standing : this.of(owner, unreachable);
  }

  #probe(owner: ServerId, instance: string, address: string): Promise<Standing> {
    const known = this.#probes.get(instance);
    if (known) return known;
    const probe = this.#ask(address).then((answer): Standing => {
      this.#probes.delete(instance);
      if (answer === "open") return "live";
      if (answer !== "refused") return "silent";
      this.#members.giveEvidence(owner, instance);
      return "dead";
    });
    this.#probes.set(instance, probe);
    return probe;
  }

  /**
   * LIVE-14: a reset is a reason to ask at once and may be the network's, however often it comes. A dead process refuses the next
   * connection, and a living one takes it; of one that does neither the lease tells.
   */
  async #ask(address: string): Promise<"open" | LinkEnd["kind"]> {
    let answer = await this.#peers.probe(address);
    for (const pauseMs of resetPausesMs) {
      if (answer !== "reset") break;
      if (pauseMs > 0) await new Promise<void>((resolve) => this.#runtime.after(pauseMs, resolve));
      answer = await this.#peers.probe(address);
    }
    return answer;
  }
}
