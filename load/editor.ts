import { documentCrowd } from "./k6/clients/document-writer.ts";
import { loadOptions, readSettings, runClients, type SummaryData, summaryOf } from "./k6/index.ts";

const settings = readSettings(__ENV);
const vus = settings.vus ?? 20;

export const options = loadOptions({ editor: { exec: "editor", vus } }, settings);

/** Documents that five people write at once. */
export function editor() {
  runClients(documentCrowd, settings, { vus });
}

export function handleSummary(data: SummaryData) {
  return summaryOf(data, settings);
}
