import type { Admission, Site, UpgradeRequest } from "./listener.ts";
import { listenerLimits } from "./listener-limits.ts";
import { problemReply } from "./problem-reply.ts";

/** Asks the site about upgrades and bounds how many wait for its answer. */
export class Admissions {
  readonly #site: Site;
  #waiting = 0;

  constructor(site: Site) {
    this.#site = site;
  }

  /** Calls `conclude` once: at once where the site knows at once. The client may be gone by then; that is the caller's to know. */
  decide(request: UpgradeRequest, conclude: (admission: Admission) => void): void {
    // EDGE-2: upgrades that wait for a decision are bounded.
    if (this.#waiting >= listenerLimits.upgradesPendingMax) {
      conclude(refusal(503, "too many clients are connecting", { "retry-after": "1" }));
      return;
    }
    const admission = this.#site.admit(request);
    if (!(admission instanceof Promise)) {
      conclude(admission);
      return;
    }
    this.#waiting += 1;
    const settled = (outcome: Admission) => {
      this.#waiting -= 1;
      conclude(outcome);
    };
    admission.then(settled, () => settled(refusal(500, "the gateway could not decide about this client")));
  }
}

function refusal(status: number, detail: string, headers?: Readonly<Record<string, string>>): Admission {
  return { kind: "refuse", reply: problemReply(status, detail, headers) };
}
