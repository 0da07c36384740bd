import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, type CommandResult, runCommand, startCluster } from "../support/cluster.ts";
import { roomModule } from "../support/room-module.ts";
import { until } from "../support/until.ts";

const flags = ["--rooms", roomModule("odd-ledgers.mjs"), "--servers", "2"];
const rooms = ["odd/minutes", "odd/wanted"];
const broken = "room cannot be restored";

const folder = mkdtempSync(joinPath(tmpdir(), "roomgate-skip-"));
const store = `lmdb:${folder}`;

let cluster: Cluster;
let clients: Client[] = [];

async function join(room: string): Promise<Client> {
  const client = await connect(`${cluster.clientUrl}/rooms/${room}`);
  clients.push(client);
  return client;
}

const all = (client: Client): Promise<string> => client.find((text) => text.startsWith("all"));

const skip = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand(["skip", ...args, "--admin", cluster.adminUrl], { cwd: cluster.folder });

/** As the log of the room's refusal names it, with the command that leaves it out. */
async function recordAtFault(room: string): Promise<number> {
  const line = await cluster.log.find((entry) => entry.msg === broken && entry["room"] === room);
  const { message } = line["err"] as { readonly message: string };
  const found = /^record (\d+) cannot be replayed: (.*); `roomgate skip (\S+) (\d+)` leaves out/.exec(message);
  expect(found?.slice(2)).toEqual(["apply cannot take wide-two", room, found?.[1]]);
  return Number(found?.[1]);
}

/** What the version before has left: three entries in a journal, and no snapshot, since every process was killed. */
beforeAll(async () => {
  cluster = await startCluster({ flags, store });
  for (const room of rooms) {
    const client = await join(room);
    await client.ask("one", (text) => text === "1 one");
    await client.ask("wide-two", (text) => text === "2 wide-two");
    await client.ask("three", (text) => text === "3 three");
  }
  await cluster.dispose();
  cluster = await startCluster({ flags, store, env: { ODD_LEDGERS: "narrow" } });
});

afterAll(async () => {
  await cluster.dispose();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(cluster.log.text().slice(-20_000)));
});

afterEach(() => {
  for (const client of clients) client.leave();
  clients = [];
});

describe("RECOVER-4: an entry that the new version of a room cannot apply", () => {
  const room = "odd/minutes";

  test("is named in the log, and its clients are closed with 4503", async () => {
    const client = await join(room);
    expect(await client.closed()).toBe(4503);
    expect(await recordAtFault(room)).toBeGreaterThan(0);
  });

  test("is not left out by the wrong word, which changes nothing", async () => {
    const record = await recordAtFault(room);
    const refused = async (reason: RegExp, ...args: readonly string[]): Promise<void> => {
      const { exit, output, errors } = await skip(...args);
      expect({ exit, output }).toEqual({ exit: 1, output: "" });
      expect(errors).toMatch(reason);
    };
    for (const wrong of [record - 1, record + 1, 9_999]) {
      await refused(
        /^roomgate: odd\/minutes cannot be run at s\d-\w+: record \d+ cannot be replayed/,
        room,
        `${wrong}`,
      );
    }
    await refused(/^roomgate: there is no room odd\/absent\n$/, "odd/absent", "1");
    await refused(
      /^roomgate: no live server has the app of absent\/room\n$|^roomgate: there is no room/,
      "absent/room",
      "1",
    );
    await refused(/^roomgate: a room is <app>\/<id>, and this is minutes\n$/, "minutes", "1");
    await refused(/^roomgate: a record is a whole number, and this is two\n$/, room, "two");
    const client = await join(room);
    expect(await client.closed()).toBe(4503);
    expect(await recordAtFault(room)).toBe(record);
  });

  test("is left out for good by an operator's word, also after all servers are killed", async () => {
    const record = await recordAtFault(room);
    const { exit, output, errors } = await skip(room, `${record}`);
    expect({ exit, errors }).toEqual({ exit: 0, errors: "" });
    expect(output).toMatch(
      new RegExp(`^odd/minutes runs at s\\d-\\w+, epoch \\d+, without what could not be done of record ${record}\\n$`),
    );
    const client = await join(room);
    expect(await all(client)).toBe("all one three");
    await client.ask("four", (text) => text === "3 four");
    // Now that it runs there is nothing to leave out.
    expect(await skip(room, `${record}`)).toMatchObject({ exit: 1, output: "", errors: expect.stringContaining(room) });

    const faults = cluster.log.lines.filter(({ msg }) => msg === broken).length;
    await cluster.untilLive(2);
    for (const { pid } of await cluster.liveServers()) process.kill(pid, "SIGKILL");
    await client.ask("five", (text) => text === "4 five");
    const late = await join(room);
    expect(await all(late)).toBe("all one three four five");
    expect(client.closeCode).toBeUndefined();
    expect(cluster.log.lines.filter(({ msg }) => msg === broken)).toHaveLength(faults);
  });

  test("is left out while clients ask for the room all the time", async () => {
    const wanted = "odd/wanted";
    await cluster.untilLive(2);
    let isOver = false;
    const come = async (): Promise<void> => {
      while (!isOver) await (await join(wanted)).closed();
    };
    const crowd = Array.from({ length: 20 }, () => come().catch(() => {}));
    const record = await recordAtFault(wanted);
    expect(await skip(wanted, `${record}`, "--json")).toMatchObject({ exit: 0, errors: "" });
    isOver = true;
    // A gateway that had asked before may still have heard no.
    const welcome = await until(
      async () => all(await join(wanted)).catch(() => "refused"),
      (text) => text !== "refused",
    );
    expect(welcome).toBe("all one three");
    for (const one of clients) one.leave();
    await Promise.all(crowd);
  });
});
