import { idleCrowd } from "./k6/clients/echo-client.ts";
import { loadOptions, readSettings, runClients, type SummaryData, summaryOf } from "./k6/index.ts";

const settings = readSettings(__ENV);
const vus = settings.vus ?? 200;

export const options = loadOptions({ connect: { exec: "connect", vus } }, settings);

/** Clients that come one after the other, and then only sit there. */
export function connect() {
  runClients(idleCrowd, settings, { vus });
}

export function handleSummary(data: SummaryData) {
  return summaryOf(data, settings);
}
