import type { LoadSettings } from "./load-settings.ts";

/** What k6 hands to `handleSummary`, as far as it is used here. */
export interface SummaryData {
  readonly metrics: Readonly<Record<string, SummaryMetric>>;
  readonly state?: { readonly testRunDurationMs?: number };
}

export interface SummaryMetric {
  readonly type: "counter" | "trend" | "gauge" | "rate";
  readonly contains?: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

interface Verdict {
  readonly metric: string;
  readonly threshold: string;
  readonly isKept: boolean;
  readonly figure: string;
}

/** Files and texts, as k6 wants them from `handleSummary`: a table for the terminal, and the report and the figures where they are wanted. */
export function summaryOf(data: SummaryData, settings: LoadSettings): Record<string, string> {
  return {
    stdout: summaryText(data, settings.title),
    ...(settings.reportFile === undefined ? {} : { [settings.reportFile]: reportPage(data, settings) }),
    ...(settings.summaryFile === undefined ? {} : { [settings.summaryFile]: JSON.stringify(data.metrics, null, 1) }),
  };
}

/** k6 gives them in another order each time. */
function sorted({ metrics }: SummaryData): [string, SummaryMetric][] {
  return Object.entries(metrics).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Which thresholds there were, and whether they held. */
export function verdictsOf(data: SummaryData): Verdict[] {
  return sorted(data).flatMap(([metric, { thresholds = {}, values, type, contains }]) =>
    Object.entries(thresholds).map(([threshold, { ok }]) => {
      const key = /^(?:count|max|min|avg|med|rate|p\([\d.]+\))/.exec(threshold)?.[0] ?? "count";
      return { metric, threshold, isKept: ok, figure: figureOf(values[key], type === "trend" && contains === "time") };
    }),
  );
}

function summaryText(data: SummaryData, title: string): string {
  const verdicts = verdictsOf(data);
  const broken = verdicts.filter(({ isKept }) => !isKept);
  const rows = verdicts.map(({ metric, threshold, isKept, figure }) => [
    isKept ? "kept" : "BROKEN",
    metric,
    threshold,
    figure,
  ]);
  const trends = trendRows(data).map(([name = "", ...figures]) => ["", name, "", figures.join(" / ")]);
  const counters = counterRows(data).map(([name = "", figure = ""]) => ["", name, "", figure]);
  const all = [...rows, ...trends, ...counters];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const end = broken.length === 0 ? "every promise was kept" : `${broken.length} of ${verdicts.length} promises BROKEN`;
  const head = [`\n${title}: ${((data.state?.testRunDurationMs ?? 0) / 1_000).toFixed(0)} s`];
  return [...head, ...lines, "(times: min / avg / med / p95 / p99 / max)", end, ""].join("\n");
}

const trendKeys = ["min", "avg", "med", "p(95)", "p(99)", "max"] as const;
/** Those of k6 itself that say something about sockets. */
const ownCounters: ReadonlySet<string> = new Set([
  "ws_sessions",
  "ws_msgs_sent",
  "ws_msgs_received",
  "data_received",
  "data_sent",
]);
const ownTrends: ReadonlySet<string> = new Set(["ws_connecting"]);

/** Parts of a metric stand with the promises. */
function isShown(name: string, own: ReadonlySet<string>): boolean {
  if (name.includes("{")) return false;
  return own.has(name) || !/^(ws_|http_|iteration|vus|data_|group_|checks|dropped_)/.test(name);
}

function trendRows(data: SummaryData): string[][] {
  return sorted(data)
    .filter(([name, { type, values }]) => type === "trend" && isShown(name, ownTrends) && (values["count"] ?? 1) > 0)
    .map(([name, { values }]) => [name, ...trendKeys.map((key) => figureOf(values[key], true))]);
}

function counterRows(data: SummaryData): string[][] {
  return sorted(data)
    .filter(([name, { type }]) => type === "counter" && isShown(name, ownCounters))
    .map(([name, { values }]) => [name, figureOf(values["count"], false)]);
}

function figureOf(value: number | undefined, isMs: boolean): string {
  if (value === undefined) return "-";
  if (!isMs) return Number.isInteger(value) ? String(value) : value.toFixed(2);
  return value < 10 ? `${value.toFixed(2)} ms` : `${value.toFixed(0)} ms`;
}

/** One page that needs nothing from anywhere else. */
export function reportPage(data: SummaryData, settings: LoadSettings): string {
  const verdicts = verdictsOf(data);
  const isKept = verdicts.every((verdict) => verdict.isKept);
  const seconds = ((data.state?.testRunDurationMs ?? 0) / 1_000).toFixed(0);
  const promises = verdicts.map(({ metric, threshold, isKept: kept, figure }) => [
    kept ? "kept" : "broken",
    metric,
    threshold,
    figure,
  ]);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(settings.title)}: ${isKept ? "kept" : "broken"}</title>
<style>
:root { color-scheme: light dark; --line: #8884; --good: #2e8b57; --bad: #d33; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
td { font-variant-numeric: tabular-nums; }
.kept td:first-child, h1.kept span { color: var(--good); }
.broken td:first-child, h1.broken span { color: var(--bad); font-weight: 600; }
svg { width: 9rem; height: .8rem; vertical-align: middle; }
</style>
<h1 class="${isKept ? "kept" : "broken"}">${escaped(settings.title)}: <span>${isKept ? "every promise was kept" : "promises were broken"}</span></h1>
<p>${seconds} s against ${escaped(settings.clientUrl)}</p>
<h2>Promises</h2>
${table(["", "metric", "threshold", "measured"], promises, (row) => row[0] ?? "")}
<h2>Times</h2>
${table(["metric", "min", "avg", "med", "p95", "p99", "max", ""], withBars(data), () => "")}
<h2>Counts</h2>
${table(["metric", "count"], counterRows(data), () => "")}
</html>
`;
}

/** A bar from the least to the most, on a scale of powers of ten, with a mark at the median and one at p99. */
function withBars(data: SummaryData): string[][] {
  return trendRows(data).map((row) => {
    const values = data.metrics[row[0] ?? ""]?.values ?? {};
    const [least, median, late, most] = (["min", "med", "p(99)", "max"] as const).map((key) =>
      onScale(values[key] ?? 0),
    );
    const bar = `<rect x="${least}" y="4" width="${(most ?? 0) - (least ?? 0)}" height="2" fill="currentColor" opacity=".4"/>`;
    const marks = [median, late]
      .map((x) => `<rect x="${x}" y="1" width="1.2" height="8" fill="currentColor"/>`)
      .join("");
    return [...row, `<svg viewBox="0 0 100 10" preserveAspectRatio="none">${bar}${marks}</svg>`];
  });
}

/** 0.1 ms to 10 s become 0 to 100. */
function onScale(ms: number): number {
  return Math.min(100, Math.max(0, (Math.log10(Math.max(ms, 0.1)) + 1) * 20));
}

function table(head: readonly string[], rows: readonly string[][], classOf: (row: string[]) => string): string {
  const cell = (text: string) => (text.startsWith("<svg") ? text : escaped(text));
  const line = (row: string[]) =>
    `<tr class="${classOf(row)}">${row.map((text) => `<td>${cell(text)}</td>`).join("")}</tr>`;
  return `<table><tr>${head.map((text) => `<th>${text}</th>`).join("")}</tr>${rows.map(line).join("\n")}</table>`;
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => names[character] ?? character);
}
