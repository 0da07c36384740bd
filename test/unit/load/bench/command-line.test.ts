import { describe, expect, it } from "vitest";
import { parseRequest } from "../../../../load/bench/command-line.ts";

const known = { works: ["relay", "idle-many"], usual: ["relay"], contenders: ["roomgate", "uws"] };
const parse = (...args: string[]) => parseRequest(args, known);

describe("the command line of the benchmark", () => {
  it("takes the usual works when none is named", () => {
    expect(parse()).toMatchObject({
      works: ["relay"],
      contenders: [],
      caseText: "",
      rounds: undefined,
      isQuick: false,
    });
  });

  it("takes several names, apart or with commas, and --idle for the long one", () => {
    expect(parse("--contender", "uws,roomgate", "--idle")).toMatchObject({
      works: ["idle-many"],
      contenders: ["uws", "roomgate"],
    });
    expect(parse("--work", "relay", "--work", "idle-many", "--rounds", "5")).toMatchObject({
      works: ["relay", "idle-many"],
      rounds: 5,
    });
  });

  it.each([
    [["--work", "sing"], `there is no work "sing": relay, idle-many`],
    [["--contender", "x"], `there is no contender "x": roomgate, uws`],
    [["--rounds", "0"], `--rounds wants a number above 0, not "0"`],
    [["--seconds", "soon"], `--seconds wants a number above 0, not "soon"`],
  ])("says what is wrong with %j", (args, problem) => {
    expect(parse(...args)).toEqual({ problem });
  });

  it("refuses what it does not know", () => {
    expect(parse("--loud")).toHaveProperty("problem");
  });
});
