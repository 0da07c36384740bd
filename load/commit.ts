import { ledgerCrowd } from "./k6/clients/ledger-client.ts";
import { loadOptions, readSettings, runClients, type SummaryData, summaryOf } from "./k6/index.ts";

const settings = readSettings(__ENV);
const vus = settings.vus ?? 50;

export const options = loadOptions({ commit: { exec: "commit", vus } }, settings);

/** Rooms of five whose messages are durable before anybody hears them. */
export function commit() {
  runClients(ledgerCrowd, settings, { vus });
}

export function handleSummary(data: SummaryData) {
  return summaryOf(data, settings);
}
