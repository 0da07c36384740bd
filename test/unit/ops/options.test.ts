import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultTiming } from "../../../gateway/cluster/timing.ts";
import { readConfigFile } from "../../../gateway/ops/config-file.ts";
import {
  clusterRelations,
  commonRelations,
  gatewaysCanShareThePort,
  timingOf,
} from "../../../gateway/ops/option-relations.ts";
import { flagOf, type OptionName, optionNames, rowOf, variableOf } from "../../../gateway/ops/option-table.ts";
import { maskSecrets, maskUrl, type OptionSources, resolveOptions } from "../../../gateway/ops/options.ts";

const resolve = (sources: OptionSources, relations = clusterRelations) => resolveOptions(sources, relations);

function resolved(sources: OptionSources) {
  const answer = resolve(sources);
  if (answer.kind === "mistakes") throw new Error(answer.mistakes.join("\n"));
  return answer;
}

function mistakes(sources: OptionSources, relations = clusterRelations): readonly string[] {
  const answer = resolve(sources, relations);
  return answer.kind === "mistakes" ? answer.mistakes : [];
}

const file = (content: unknown) => ({ name: "roomgate.config.json", content });

describe("the table", () => {
  test("gives names of flags and variables", () => {
    expect(flagOf("holdBytesMax")).toBe("--hold-bytes-max");
    expect(variableOf("holdBytesMax")).toBe("ROOMGATE_HOLD_BYTES_MAX");
    expect(variableOf("port")).toBe("ROOMGATE_PORT");
  });

  test("has defaults that its own bounds and relations accept", () => {
    const defaults = Object.fromEntries(optionNames.map((name) => [name, rowOf(name).default]));
    expect(mistakes({ file: file(defaults) })).toEqual([]);
    expect(timingOf(resolved({}).options)).toEqual(defaultTiming);
  });

  test("gives every option a help text, and no two the same flag", () => {
    expect(new Set(optionNames.map(flagOf)).size).toBe(optionNames.length);
    for (const name of optionNames) expect(rowOf(name).help.length, name).toBeGreaterThan(10);
  });
});

describe("OPS-1: sources", () => {
  const all = {
    file: file({ port: 1001, host: "from-file", adminPort: 1002 }),
    variables: { ROOMGATE_PORT: "2001", ROOMGATE_HOST: "from-variable", PATH: "/bin" },
    flags: { port: "3001" },
  };

  test("a flag goes before a variable, a variable before the file, the file before the default", () => {
    const { options, given } = resolved(all);
    expect(options).toMatchObject({ port: 3001, host: "from-variable", adminPort: 1002, servers: 3 });
    expect([...given].sort()).toEqual(["adminPort", "host", "port"]);
  });

  test("a variable that is empty says nothing", () => {
    expect(resolved({ variables: { ROOMGATE_PORT: "" } }).options.port).toBe(8080);
  });

  test("lists come from repeated flags, or from a variable with commas", () => {
    expect(resolved({ flags: { rooms: ["a.js", "b,c.js"] } }).options.rooms).toEqual(["a.js", "b,c.js"]);
    expect(resolved({ variables: { ROOMGATE_ROOMS: "a.js,b.js" } }).options.rooms).toEqual(["a.js", "b.js"]);
    expect(resolved({ file: file({ rooms: ["a.js"] }) }).options.rooms).toEqual(["a.js"]);
  });

  test.each([
    ["true", true],
    ["1", true],
    ["false", false],
    ["0", false],
  ])("a toggle is %s in a variable", (text, value) => {
    expect(resolved({ variables: { ROOMGATE_RESTART: text } }).options.restart).toBe(value);
  });

  test("any whole number within bounds is the same by every way", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), (servers) => {
        const ways: OptionSources[] = [
          { file: file({ servers }) },
          { variables: { ROOMGATE_SERVERS: String(servers) } },
          { flags: { servers: String(servers) } },
        ];
        for (const way of ways) expect(resolved(way).options.servers).toBe(servers);
      }),
    );
  });

  test("no text makes it throw, or gets past the schema", () => {
    fc.assert(
      fc.property(fc.constantFrom<OptionName>(...optionNames), fc.string(), (name, text) => {
        const answer = resolve({ variables: { [variableOf(name)]: text } });
        if (answer.kind === "resolved") expect(rowOf(name).schema.safeParse(answer.options[name]).success).toBe(true);
        else expect(answer.mistakes.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe("OPS-1: mistakes", () => {
  test("all of them come at once, one line each, with their source", () => {
    const found = mistakes({
      file: file({ prot: 1, servers: "three", logLevel: "loud" }),
      variables: { ROOMGATE_WEIGHT: "heavy", ROOMGATE_STORE: "redis://x" },
      flags: { port: "70000", id: "two words" },
    });
    expect(found).toEqual([
      "roomgate.config.json: prot is no option; did you mean port?",
      "--port: must be a whole number from 0 to 65535, and is 70000",
      'ROOMGATE_STORE: must be memory:, lmdb:<dir>, nats://… or postgres://…, and is "redis://x"',
      'roomgate.config.json: servers: must be a whole number from 1 to 64, and is "three"',
      '--id: must be 1 to 64 of A-Z a-z 0-9 . _ -, starting with a letter or digit, and is "two words"',
      'ROOMGATE_WEIGHT: must be a number from 0.01 to 1000, and is "heavy"',
      'roomgate.config.json: logLevel: must be one of debug, info, warn, error, silent, and is "loud"',
    ]);
  });

  test.each([["8080.5"], ["0x10"], ["1e3"], [" "], ["-1"], ["8080 "], ["٨"]])("a port is not %s", (text) => {
    const found = mistakes({ flags: { port: text } });
    expect(found).toHaveLength(text === "8080 " ? 0 : 1);
  });

  test("a file that is no object is one mistake", () => {
    expect(mistakes({ file: file([1]) })).toEqual(["roomgate.config.json: must be an object"]);
  });

  test("a name of an object's own is no option", () => {
    expect(mistakes({ file: file(JSON.parse('{"__proto__": 1, "constructor": 2}')) })).toHaveLength(2);
  });

  test("a variable that nobody knows is only a warning, since others may have set it", () => {
    const { warnings } = resolved({ variables: { ROOMGATE_PROT: "1", ROOMGATE_CHROMIUM: "/usr/bin/chromium" } });
    expect(warnings).toEqual(["ROOMGATE_PROT is no option; did you mean ROOMGATE_PORT?"]);
  });

  test("a wrong secret is not repeated", () => {
    const found = mistakes({ variables: { ROOMGATE_SECRET: "hunter2" } });
    expect(found).toEqual(["ROOMGATE_SECRET: must be at least 16 characters"]);
  });
});

describe("relations", () => {
  test.each([
    [{ heartbeatMs: 700 }, "3 × heartbeatMs (2100) must be below selfFreezeMs (2000)"],
    [{ leaseMs: 2000 }, "selfFreezeMs (2000) must be below leaseMs (2000)"],
    [{ holdMs: 5000 }, "failoverBudgetMs (5000) must be below holdMs (5000)"],
    [{ freezeBudgetMs: 2000 }, "freezeBudgetMs (2000) must be below selfFreezeMs (2000)"],
    [{ adminPort: 8080 }, "adminPort: 8080 is the clients' port already"],
    [{ store: "memory:" }, "store: memory: belongs to one process"],
    [{ holdBytesMax: 2048, messageBytesMax: 4096 }, "holdBytesMax: 2048 is less than one message may be"],
    [{ slowClientBytesMax: 2048, messageBytesMax: 4096 }, "slowClientBytesMax: 2048 is less than one message may be"],
  ])("%j is wrong", (content, message) => {
    expect(mistakes({ file: file(content) })).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ["20.20.2", false],
    ["22.11.0", false],
    ["22.12.0", true],
    ["23.0.0", false],
    ["23.1.0", true],
    ["24.0.0", true],
  ])("OPS-16: on Node %s several gateways on ws have one port: %s", (version, canShare) => {
    const relations = [gatewaysCanShareThePort(version)];
    const message = `gateways: several share their port with listener ws from Node 22.12 on, and this is ${version}`;
    expect(mistakes({ file: file({ gateways: 2, listener: "ws" }) }, relations)).toEqual(canShare ? [] : [message]);
    expect(mistakes({ file: file({ gateways: 1, listener: "ws" }) }, relations)).toEqual([]);
    expect(mistakes({ file: file({ gateways: 2 }) }, relations)).toEqual([]);
  });

  test("are judged beside wrong values, so that one run says everything", () => {
    expect(mistakes({ file: file({ port: -1, heartbeatMs: 700 }) })).toHaveLength(2);
  });

  test("of a cluster do not bind a single process", () => {
    expect(mistakes({ file: file({ adminPort: 8080 }) }, commonRelations)).toEqual([]);
  });
});

describe("OPS-2: what is shown", () => {
  test("never holds a secret", () => {
    const secret = "correct horse battery staple";
    const { options } = resolved({
      variables: { ROOMGATE_SECRET: secret, ROOMGATE_STORE: "postgres://user:pw-of-mine@db/rooms?password=another" },
    });
    const text = JSON.stringify(maskSecrets(options));
    expect(text).not.toMatch(/correct|pw-of-mine|another/);
    expect(text).toContain("postgres://user:********@db/rooms?password=********");
  });

  test("says that there is none", () => {
    expect(maskSecrets(resolved({}).options)).toMatchObject({ secret: null, id: null, store: "lmdb:.roomgate" });
  });

  test("leaves a URL without a secret as it is", () => {
    expect(maskUrl("nats://127.0.0.1:4222")).toBe("nats://127.0.0.1:4222");
    expect(maskUrl("lmdb:./a:b@c")).toBe("lmdb:./a:b@c");
  });
});

describe("the configuration file", () => {
  test("may be absent, unless it was named", () => {
    const folder = mkdtempSync(join(tmpdir(), "roomgate-config-"));
    const named = join(folder, "mine.json");
    try {
      expect(readConfigFile(undefined)).toBeUndefined();
      expect(() => readConfigFile(named)).toThrow(`${named} does not exist`);
      writeFileSync(named, "{ port: 1 }");
      expect(() => readConfigFile(named)).toThrow(/is no JSON/);
      writeFileSync(named, '{ "port": 1 }');
      expect(readConfigFile(named)).toEqual({ name: named, content: { port: 1 } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
