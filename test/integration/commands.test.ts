import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, type CommandResult, runCommand, startCluster } from "../support/cluster.ts";

let cluster: Cluster;
let client: Client;

const run = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand(args, { cwd: cluster.folder, env: { ROOMGATE_ADMIN: cluster.adminUrl } });

const linesOf = ({ output }: CommandResult): readonly string[] => output.trimEnd().split("\n");

/** A command that fails says why in one line, and nothing on its standard output. */
const failed = (line: string | RegExp) => ({
  exit: 1,
  output: "",
  errors: typeof line === "string" ? `roomgate: ${line}\n` : expect.stringMatching(line),
});

/** Of which nobody listens any more. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeAll(async () => {
  cluster = await startCluster({ flags: ["--servers", "2"] });
  client = await connect(`${cluster.clientUrl}/rooms/ledger/minutes`);
  await client.find((text) => text.includes("total"));
});
afterAll(async () => {
  client?.leave();
  await cluster?.dispose();
});

describe("OPS-17: commands for operators", () => {
  test("status shows servers and gateways, for people and for machines", async () => {
    const shown = linesOf(await run("status"));
    expect(shown[0]).toMatch(/^ID +STATE +ROOMS +SESSIONS +WEIGHT +PID +ADDRESS$/);
    expect(shown.slice(1, 3)).toEqual([
      expect.stringMatching(/^s1-\w+ +live /),
      expect.stringMatching(/^s2-\w+ +live /),
    ]);
    expect(shown.slice(3)).toEqual(["", expect.stringMatching(/^ID +SESSIONS/), expect.stringMatching(/^g1-\w+ +\d /)]);
    const { servers, gateways } = JSON.parse((await run("status", "--json")).output);
    expect(servers.map(({ id }: { id: string }) => id)).toEqual((await cluster.servers()).map(({ id }) => id));
    expect(gateways).toHaveLength(1);
  });

  test("rooms lists them, and says when there is none", async () => {
    const owner = (await cluster.room("ledger/minutes"))?.server ?? "";
    expect(linesOf(await run("rooms", "--app", "ledger"))[1]).toMatch(
      new RegExp(`^ledger/minutes +${owner} +\\d+ +1$`),
    );
    expect(JSON.parse((await run("rooms", "--server", owner, "--json")).output)).toMatchObject([
      { room: "ledger/minutes", server: owner, sessions: 1 },
    ]);
    expect(linesOf(await run("rooms", "--limit", "1")).at(-1)).toBe("there may be more; --limit says how many to show");
    expect(await run("rooms", "--app", "editor")).toMatchObject({ exit: 0, output: "no such room runs\n" });
    expect(await run("rooms", "--limit", "none")).toMatchObject(failed("limit must be from 1 to 10000"));
    expect(await run("rooms", "--server", "s9")).toMatchObject(
      failed(/^roomgate: there is no server s9; there are s1-/),
    );
  });

  test("move takes the beginning of an id, says how long the room stood still, and why it cannot", async () => {
    const from = (await cluster.room("ledger/minutes"))?.server ?? "";
    const to = from.startsWith("s1") ? "s2" : "s1";
    const moved = await run("move", "ledger/minutes", to);
    expect(moved).toMatchObject({ exit: 0, errors: "" });
    expect(moved.output).toMatch(
      new RegExp(`^ledger/minutes moved from ${from} to ${to}-\\w+: epoch \\d+, it stood still for [\\d.]+ ms\n$`),
    );
    expect(await run("move", "ledger/minutes", to)).toMatchObject(
      failed(/^roomgate: ledger\/minutes is at s\d-\w+ already\n$/),
    );
    expect(await run("move", "ledger/absent", to)).toMatchObject(failed("nobody has ledger/absent"));
    expect(await run("move", "minutes", to)).toMatchObject(failed("a room is <app>/<id>, and this is minutes"));
    expect(await run("move", "ledger/minutes", "s")).toMatchObject(failed(/^roomgate: s may be s1-\w+ or s2-\w+\n$/));
    expect(JSON.parse((await run("move", "ledger/minutes", from, "--json")).output)).toMatchObject({ to: from });
    expect(client.closeCode).toBeUndefined();
  });

  test("drain lets a server go", async () => {
    const [first] = await cluster.liveServers();
    const drained = await run("drain", first?.id ?? "");
    expect(drained).toMatchObject({
      exit: 0,
      output: `${first?.id} drains; \`roomgate status\` shows how far it is\n`,
    });
    await cluster.untilServers((all) => all.length === 2 && all.every(({ id }) => id !== first?.id));
    expect(await run("drain", first?.id ?? "")).toMatchObject(failed(/^roomgate: there is no server s/));
  });

  test("say where they looked in vain", async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    expect(await run("status", "--admin", nobody)).toMatchObject(
      failed(`no cluster answers at ${nobody} (ECONNREFUSED); --admin names another`),
    );
    for (const command of [["status"], ["drain", "s1"]]) {
      expect(await run(...command, "--admin", cluster.pagesUrl)).toMatchObject(
        failed(`${cluster.pagesUrl} is no admin side of a cluster; --admin names another`),
      );
    }
    expect(await run("rooms", "--admin", "nonsense")).toMatchObject(
      failed(/^roomgate: no cluster answers at nonsense/),
    );
  });

  test.each([
    [["statsu"], "unknown command 'statsu'", "Did you mean status?"],
    [["move", "ledger/minutes"], "missing required argument 'server'", "--help"],
    [["cluster", "extra"], "too many arguments for 'cluster'", "--help"],
    [["cluster", "--prot", "1"], "unknown option '--prot'", "--port"],
  ])("wrong usage %j is answered with what is wrong and where to look", async (args, problem, hint) => {
    const { exit, output, errors } = await run(...args);
    expect({ exit, output }).toEqual({ exit: 1, output: "" });
    expect(errors).toMatch(/^roomgate: /);
    expect(errors).toContain(problem);
    expect(errors).toContain(hint);
  });

  test("--help says what there is, for each of them", async () => {
    const { exit, output } = await run("--help");
    expect(exit).toBe(0);
    for (const name of ["cluster", "gateway", "server", "status", "rooms", "drain", "move", "check-config"]) {
      expect(output).toContain(`  ${name} `);
    }
    for (const name of ["cluster", "move"]) {
      expect(await run(name, "--help")).toMatchObject({
        exit: 0,
        errors: "",
        output: expect.stringContaining(`Usage: roomgate ${name}`),
      });
    }
  });

  test("check-config says everything that is wrong, or what it resolves to", async () => {
    const wrong = await runCommand(["check-config"], {
      cwd: cluster.folder,
      env: { ROOMGATE_PORT: "99999", ROOMGATE_LEASE_MS: "1", ROOMGATE_PROT: "1" },
    });
    expect(wrong).toMatchObject({ exit: 1, output: "" });
    expect(wrong.errors.trimEnd().split("\n")).toEqual([
      expect.stringContaining("ROOMGATE_PORT: must be a whole number from 0 to 65535"),
      expect.stringContaining("selfFreezeMs (2000) must be below leaseMs (1)"),
    ]);
    expect(await run("check-config", "absent.json")).toMatchObject(failed("absent.json does not exist"));
    expect(JSON.parse((await run("check-config")).output)).toMatchObject({ port: 8080, store: "lmdb:.roomgate" });
  });
});
