import { arenaCrowd } from "./k6/clients/arena-player.ts";
import { loadOptions, readSettings, runClients, type SummaryData, summaryOf } from "./k6/index.ts";

const settings = readSettings(__ENV);
/** Those of one room are one engine's. */
const perEngine = arenaCrowd.membersPerRoom;
const vus = settings.vus ?? 40;

export const options = loadOptions({ game: { exec: "game", vus, perEngine } }, settings);

/** Arenas of twenty who play. */
export function game() {
  runClients(arenaCrowd, settings, { vus, perEngine });
}

export function handleSummary(data: SummaryData) {
  return summaryOf(data, settings);
}
