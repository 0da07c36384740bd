import { describe, expect, it } from "vitest";
import { readSettings } from "../../../load/k6/load-settings.ts";
import { type SummaryData, summaryOf, verdictsOf } from "../../../load/k6/report.ts";

const times = { min: 0.5, avg: 3, med: 2, "p(95)": 8, "p(99)": 12, max: 480, count: 900 };

function dataWith(gaps: number): SummaryData {
  return {
    state: { testRunDurationMs: 30_400 },
    metrics: {
      message_latency: { type: "trend", contains: "time", values: times, thresholds: { "p(99)<500": { ok: true } } },
      "gaps{strict:yes}": { type: "counter", values: { count: gaps }, thresholds: { "count==0": { ok: gaps === 0 } } },
      http_req_duration: { type: "trend", contains: "time", values: times },
      vus: { type: "gauge", values: { value: 3 } },
    },
  };
}

describe("the report of a run", () => {
  it("says which promises were kept, with what was measured", () => {
    expect(verdictsOf(dataWith(2))).toEqual([
      { metric: "gaps{strict:yes}", threshold: "count==0", isKept: false, figure: "2" },
      { metric: "message_latency", threshold: "p(99)<500", isKept: true, figure: "12 ms" },
    ]);
  });

  it("writes the files that are wanted, and no others", () => {
    expect(Object.keys(summaryOf(dataWith(0), readSettings({})))).toEqual(["stdout"]);
    const wanted = readSettings({ LOAD_REPORT: "/tmp/a.html", LOAD_SUMMARY: "/tmp/a.json" });
    expect(Object.keys(summaryOf(dataWith(0), wanted))).toEqual(["stdout", "/tmp/a.html", "/tmp/a.json"]);
  });

  it("shows in the terminal whether something was broken", () => {
    const settings = readSettings({ LOAD_SCENARIO: "chaos" });
    expect(summaryOf(dataWith(0), settings)["stdout"]).toContain("every promise was kept");
    const broken = summaryOf(dataWith(7), settings)["stdout"] ?? "";
    expect(broken).toMatch(/BROKEN +gaps\{strict:yes\} +count==0 +7/);
    expect(broken).toContain("1 of 2 promises BROKEN");
    expect(broken).not.toContain("http_req_duration");
  });

  it("is one page that needs nothing from elsewhere, and shows names as they are", () => {
    const settings = readSettings({ LOAD_REPORT: "r.html", LOAD_SCENARIO: "<b>own & best</b>" });
    const page = summaryOf(dataWith(1), settings)["r.html"] ?? "";
    expect(page).toContain("&lt;b&gt;own &amp; best&lt;/b&gt;");
    expect(page).not.toMatch(/<b>|src=|href=|https?:\/\//);
    expect(page).toContain('class="broken"');
    expect(page).toContain("30 s");
  });
});
