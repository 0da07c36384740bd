import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { addOperatorCommands } from "../../../gateway/ops/operator-commands.ts";

const report = { room: "game/a", record: 41, server: "s1-aaaa", epoch: 7 };
let asked: { readonly url: string; readonly body: unknown }[] = [];
let answer: Response;
let printed: string[] = [];

const run = (...args: readonly string[]): Promise<unknown> => {
  const program = new Command().exitOverride();
  addOperatorCommands(
    program,
    () => "http://127.0.0.1:8081",
    (text) => printed.push(text),
  );
  return program.parseAsync(["skip", ...args], { from: "user" });
};

beforeEach(() => {
  asked = [];
  printed = [];
  answer = Response.json(report);
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    asked.push({ url: url.href, body: JSON.parse(String(init.body)) });
    return answer;
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("RECOVER-4, OPS-17: skip", () => {
  test("says where the room runs and what it is without", async () => {
    await run("game/a", "41");
    expect(asked).toEqual([{ url: "http://127.0.0.1:8081/api/rooms/game/a/skip", body: { record: 41 } }]);
    expect(printed).toEqual(["game/a runs at s1-aaaa, epoch 7, without what could not be done of record 41"]);
  });

  test("gives the report to machines", async () => {
    await run("game/a", "41", "--json");
    expect(printed.map((text) => JSON.parse(text))).toEqual([report]);
  });

  test("says why nothing has changed", async () => {
    answer = Response.json({ status: 409, detail: "game/a runs at s1-aaaa: nothing was left out" }, { status: 409 });
    await expect(run("game/a", "41")).rejects.toThrow("game/a runs at s1-aaaa: nothing was left out");
    expect(printed).toEqual([]);
  });

  test.each(["two", "", " ", "1.5", "1e3", "0x3", "9007199254740993"])(
    "asks nobody about record %j",
    async (record) => {
      await expect(run("game/a", record)).rejects.toThrow(`a record is a whole number, and this is ${record}`);
      expect(asked).toEqual([]);
    },
  );

  test("asks nobody about what is no room", async () => {
    await expect(run("minutes", "41")).rejects.toThrow("a room is <app>/<id>, and this is minutes");
    expect(asked).toEqual([]);
  });
});
