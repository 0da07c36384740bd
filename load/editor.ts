import { documentCrowd } from "./k6/clients/document-writer.ts";
import { loadOptions, readSettings, runClients, type SummaryData, summaryOf } from "./k6/index.ts";

const settings = readSettings(__ENV);
/** Those of one room are one engine's. */
const perEngine = documentCrowd.membersPerRoom;
const vus = settings.vus ?? 20;

export const options = loadOptions({ editor: { exec: "editor", vus, perEngine } }, settings);

/** Documents that five people write at once. */
export function editor() {
  runClients(documentCrowd, settings, { vus, perEngine });
}

export function handleSummary(data: SummaryData) {
  return summaryOf(data, settings);
}
