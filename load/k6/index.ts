/** For load tests of one's own rooms, with k6: `roomgate/load`. LOAD-TESTING.md shows how. */
import "./random-values.ts";
import "./text-codec.ts";

export { runChaos } from "./chaos-course.ts";
export { type ChaosSettings, readChaos, readMix } from "./chaos-settings.ts";
export { LineJudge } from "./clients/line-judge.ts";
export { type NumberedText, readText, writeText } from "./clients/numbered-text.ts";
export { type ClientLink, type Crowd, type CrowdTerms, type LoadClient, runClients } from "./load-client.ts";
export { type CrowdSize, type LoadOptions, loadOptions, withChaos } from "./load-options.ts";
export { type LoadLimits, type LoadSettings, readSettings } from "./load-settings.ts";
export { type Fault, measured } from "./promises.ts";
export { type SummaryData, summaryOf } from "./report.ts";
