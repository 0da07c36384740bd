import { type LoadSettings, numberOf, spanOf } from "./load-settings.ts";

/** What is done to the cluster, and when. */
export interface ChaosSettings {
  /** `LOAD_MOVES_PER_SECOND`, each of a room of this run to any other server; default 2, 0 for none. */
  readonly movesPerSecond: number;
  /** `LOAD_DRAIN_EVERY`; default 30 s, `0` for never. */
  readonly drainEveryMs: number;
  /** `LOAD_KILL_EVERY`; default 30 s, `0` for never. More than two in a minute would look as if a room killed its servers. */
  readonly killEveryMs: number;
  /** Kills begin in the middle of the run, so that in its first half no loss is excused. */
  readonly killsFromMs: number;
  readonly beginMs: number;
  /** After it the cluster is left alone: the last thing done to it must be over when the clients fall silent. */
  readonly endMs: number;
  /** `LOAD_KILLER_URL`: answers `POST <url>/<server id>` with 204 when it has killed that server. Without it nothing is killed. */
  readonly killerUrl: string | undefined;
}

const calmMsMax = 5_000;

export function readChaos(env: Readonly<Record<string, string | undefined>>, settings: LoadSettings): ChaosSettings {
  const { durationMs, rampMs } = settings;
  const killerUrl = env["LOAD_KILLER_URL"];
  const killEveryMs = killerUrl === undefined ? 0 : spanOf(env, "LOAD_KILL_EVERY", 30_000);
  return {
    movesPerSecond: numberOf(env, "LOAD_MOVES_PER_SECOND", 2),
    drainEveryMs: spanOf(env, "LOAD_DRAIN_EVERY", 30_000),
    killEveryMs,
    killsFromMs: killEveryMs === 0 ? Number.POSITIVE_INFINITY : durationMs / 2,
    beginMs: rampMs + 500,
    endMs: durationMs - Math.min(calmMsMax, durationMs / 5),
    killerUrl,
  };
}

/** Which crowds, by name, and how many clients of each, as `game=200,editor=50`. Throws on a name that is not in `known`. */
export function readMix(text: string, known: readonly string[]): Readonly<Record<string, number>> {
  const parts = text.split(",").map((part) => part.split("="));
  return Object.fromEntries(
    parts.map(([name = "", count = ""]) => {
      const vus = Number(count);
      if (!known.includes(name)) throw new Error(`there is no "${name}" to mix in: ${known.join(", ")}`);
      if (!Number.isInteger(vus) || vus < 1) throw new Error(`${name}=${count}: how many is a whole number from 1`);
      return [name, vus];
    }),
  );
}
