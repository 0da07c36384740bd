import { echoCrowd } from "./k6/clients/echo-client.ts";
import { loadOptions, readSettings, runClients, type SummaryData, summaryOf } from "./k6/index.ts";

const settings = readSettings(__ENV);
const vus = settings.vus ?? 50;

export const options = loadOptions({ echo: { exec: "echo", vus } }, settings);

/** Clients whose messages come back to them. */
export function echo() {
  runClients(echoCrowd, settings, { vus });
}

export function handleSummary(data: SummaryData) {
  return summaryOf(data, settings);
}
