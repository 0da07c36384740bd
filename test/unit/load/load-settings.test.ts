import { describe, expect, it } from "vitest";
import { readChaos, readMix } from "../../../load/k6/chaos-settings.ts";
import { readSettings } from "../../../load/k6/load-settings.ts";

describe("settings of a load test", () => {
  it("have defaults for everything", () => {
    expect(readSettings({})).toMatchObject({
      clientUrl: "ws://127.0.0.1:8080",
      adminUrl: "http://127.0.0.1:8081",
      vus: undefined,
      clientsPerEngine: undefined,
      durationMs: 30_000,
      rampMs: 5_000,
      settleMs: 60_000,
    });
  });

  it.each([
    ["250ms", 250],
    ["30s", 30_000],
    ["1.5m", 90_000],
    ["1h", 3_600_000],
  ])("take %s for %d ms", (text, ms) => {
    expect(readSettings({ LOAD_DURATION: text }).durationMs).toBe(ms);
  });

  it.each([
    ["LOAD_DURATION", "30"],
    ["LOAD_DURATION", "soon"],
    ["LOAD_DURATION", "-1s"],
    ["LOAD_VUS", "0"],
    ["LOAD_VUS", "1.5"],
    ["LOAD_VUS", "many"],
    ["LOAD_RATE", ""],
    ["LOAD_LATENCY_P99_MS", "-1"],
  ])("refuse %s=%s by its name", (name, text) => {
    expect(() => readSettings({ [name]: text })).toThrow(name);
  });

  it("let a ramp take a fifth of a short run at most", () => {
    expect(readSettings({ LOAD_DURATION: "10s" }).rampMs).toBe(2_000);
    expect(readSettings({ LOAD_DURATION: "10s", LOAD_RAMP: "4s" }).rampMs).toBe(4_000);
  });
});

describe("settings of chaos", () => {
  const settings = readSettings({ LOAD_DURATION: "2m" });

  it("kill nobody where nobody can, and excuse no loss then", () => {
    expect(readChaos({}, settings)).toMatchObject({ killEveryMs: 0, killsFromMs: Number.POSITIVE_INFINITY });
    expect(readChaos({ LOAD_KILLER_URL: "http://127.0.0.1:1/x" }, settings)).toMatchObject({
      killEveryMs: 30_000,
      killsFromMs: 60_000,
    });
  });

  it("leave the cluster alone before all are there, and in the end", () => {
    const { beginMs, endMs } = readChaos({}, settings);
    expect(beginMs).toBeGreaterThan(settings.rampMs);
    expect(endMs).toBeLessThan(settings.durationMs);
  });

  it("mix what there is", () => {
    expect(readMix("game=100,editor=20", ["game", "editor"])).toEqual({ game: 100, editor: 20 });
    expect(() => readMix("chess=2", ["game"])).toThrow('no "chess"');
    expect(() => readMix("game=some", ["game"])).toThrow("game=some");
    expect(() => readMix("game", ["game"])).toThrow("game=");
  });
});
