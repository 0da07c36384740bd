import { countPause } from "../wire/pause-histogram.ts";
import type { Runtime } from "../wire/runtime.ts";
import type { GatewayStats } from "./gateway-stats.ts";

/** Measures how long a room was without a running owner, as its gateway saw it. */
export class PauseClock {
  readonly #setting: { readonly runtime: Runtime; readonly stats: GatewayStats };
  #sinceMs: number | undefined = undefined;

  constructor(setting: { readonly runtime: Runtime; readonly stats: GatewayStats }) {
    this.#setting = setting;
  }

  changed(wasBound: boolean, isBound: boolean): void {
    if (wasBound === isBound) return;
    const { stats, runtime } = this.#setting;
    stats.roomsBound += isBound ? 1 : -1;
    if (!isBound) this.#sinceMs = runtime.nowMs();
    else if (this.#sinceMs !== undefined) countPause(stats.pauses, runtime.nowMs() - this.#sinceMs);
  }
}
