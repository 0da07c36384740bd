import { arenaCrowd } from "./k6/clients/arena-player.ts";
import { loadOptions, readSettings, runClients, type SummaryData, summaryOf } from "./k6/index.ts";

const settings = readSettings(__ENV);
const vus = settings.vus ?? 40;

export const options = loadOptions({ game: { exec: "game", vus } }, settings);

/** Arenas of twenty who play. */
export function game() {
  runClients(arenaCrowd, settings, { vus });
}

export function handleSummary(data: SummaryData) {
  return summaryOf(data, settings);
}
