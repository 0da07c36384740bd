import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addBotsCommand } from "../../../gateway/ops/bots-command.ts";
import { RoomgateError } from "../../../gateway/wire/errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roomgate-bots-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function moduleOf(source: string): string {
  const file = join(folder, `bots-${Math.random()}.mjs`);
  writeFileSync(file, source);
  return file;
}

/** What was printed, or the problem. */
async function run(...args: string[]): Promise<string[] | string> {
  const printed: string[] = [];
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addBotsCommand(
    program,
    () => "ws://here:1",
    (text) => printed.push(text),
  );
  try {
    await program.parseAsync(["bots", ...args], { from: "user" });
    return printed;
  } catch (error) {
    if (error instanceof RoomgateError) return error.code;
    throw error;
  }
}

const recording = `
export function runBots(options) {
  return { report: () => options, stop() {} };
}`;

describe("the command bots", () => {
  it("lets the bots of a module play for as long as it was told, and says at the end what they saw", async () => {
    const module = moduleOf(recording);
    expect(await run("--room", "plaza", "--count", "3", "--seconds", "1", "--module", module)).toEqual([
      '{"url":"ws://here:1","room":"plaza","count":3}',
    ]);
    expect(await run("--room", "x", "--seconds", "1", "--url", "ws://there:2", "--module", module)).toEqual([
      '{"url":"ws://there:2","room":"x","count":20}',
    ]);
  });

  it.each([
    ["no number", "many"],
    ["none", "0"],
    ["half a bot", "1.5"],
    ["too many", "501"],
  ])("refuses %s", async (_what, count) => {
    expect(await run("--room", "x", "--count", count, "--module", moduleOf(recording))).toBe("option-bad");
  });

  it("says so where an app has no bots, or a module is none", async () => {
    expect(await run("--room", "x", "--app", "../x")).toBe("bots-missing");
    expect(await run("--room", "x", "--app", "echo")).toBe("bots-missing");
    expect(await run("--room", "x", "--module", join(folder, "absent.mjs"))).toBe("bots-missing");
    expect(await run("--room", "x", "--module", moduleOf("export const other = 1;"))).toBe("bots-missing");
  });
});
