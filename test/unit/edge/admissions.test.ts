import { describe, expect, it } from "vitest";
import { Admissions } from "../../../gateway/edge/admissions.ts";
import type { Admission, UpgradeRequest } from "../../../gateway/edge/listener.ts";
import { listenerLimits } from "../../../gateway/edge/listener-limits.ts";

const request: UpgradeRequest = { path: "/", query: "", protocols: [], header: () => "", remoteAddress: "" };
const refused: Admission = { kind: "refuse", reply: { status: 403, headers: {}, body: "" } };
const respond = () => ({ status: 404, headers: {}, body: "" });
const statusOf = (admission: Admission | undefined) =>
  admission?.kind === "refuse" ? admission.reply.status : undefined;

describe("EDGE-2: admissions", () => {
  it("bound how many wait, and take more when some are decided", async () => {
    const waiting: ((admission: Admission) => void)[] = [];
    const admit = () =>
      new Promise<Admission>((resolve) => {
        waiting.push(resolve);
      });
    const admissions = new Admissions({ respond, admit });
    const outcomes: Admission[] = [];
    const ask = () => admissions.decide(request, (admission) => outcomes.push(admission));
    for (let count = 0; count < listenerLimits.upgradesPendingMax; count += 1) ask();
    expect(outcomes).toEqual([]);
    ask();
    expect(outcomes.map(statusOf)).toEqual([503]);
    expect(waiting).toHaveLength(listenerLimits.upgradesPendingMax);
    waiting[7]?.(refused);
    await Promise.resolve();
    expect(outcomes.map(statusOf)).toEqual([503, 403]);
    ask();
    expect(waiting).toHaveLength(listenerLimits.upgradesPendingMax + 1);
  });

  it("conclude at once where the site knows at once", () => {
    let outcome: Admission | undefined;
    new Admissions({ respond, admit: () => refused }).decide(request, (admission) => {
      outcome = admission;
    });
    expect(outcome).toBe(refused);
  });

  it("give a place back when the site fails", async () => {
    const admissions = new Admissions({ respond, admit: () => Promise.reject(new Error("deliberate")) });
    for (let round = 0; round < 3; round += 1) {
      const outcomes: Admission[] = [];
      for (let count = 0; count < listenerLimits.upgradesPendingMax; count += 1) {
        admissions.decide(request, (admission) => outcomes.push(admission));
      }
      await new Promise((resolve) => setImmediate(resolve));
      expect(new Set(outcomes.map(statusOf))).toEqual(new Set([500]));
    }
  });
});
