import type { Action, Plan } from "./plan.ts";

/**
 * The shortest plan that still fails, as far as leaving out actions gets one (delta debugging): halves first, then smaller and
 * smaller pieces, until none of the actions that are left can go.
 */
export async function shrinkPlan(plan: Plan, fails: (shorter: Plan) => Promise<boolean>): Promise<Plan> {
  let best = plan;
  const isWarmEnough = { ...best, endsCold: false };
  if (best.endsCold && (await fails(isWarmEnough))) best = isWarmEnough;
  for (let pieces = 2; best.actions.length > 1; ) {
    const shorter = await withoutOnePiece(best, pieces, fails);
    if (shorter) {
      best = shorter;
      pieces = Math.max(2, pieces - 1);
    } else if (pieces >= best.actions.length) break;
    else pieces = Math.min(best.actions.length, pieces * 2);
  }
  return best;
}

async function withoutOnePiece(
  plan: Plan,
  pieces: number,
  fails: (shorter: Plan) => Promise<boolean>,
): Promise<Plan | undefined> {
  const size = Math.ceil(plan.actions.length / pieces);
  for (let from = 0; from < plan.actions.length; from += size) {
    const actions: readonly Action[] = [...plan.actions.slice(0, from), ...plan.actions.slice(from + size)];
    const shorter = { ...plan, actions };
    if (await fails(shorter)) return shorter;
  }
  return undefined;
}
