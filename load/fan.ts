import { fanCrowd } from "./k6/clients/fan-client.ts";
import { loadOptions, readSettings, runClients, type SummaryData, summaryOf } from "./k6/index.ts";

const settings = readSettings(__ENV);
const vus = settings.vus ?? 50;

export const options = loadOptions({ fan: { exec: "fan", vus } }, settings);

/** Rooms of ten in which everybody hears everybody. */
export function fan() {
  runClients(fanCrowd, settings, { vus });
}

export function handleSummary(data: SummaryData) {
  return summaryOf(data, settings);
}
