import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { roomModule } from "../support/room-module.ts";

let cluster: Cluster;
let client: Client;

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => console.log(cluster.log.text().slice(-20_000)));
});

afterEach(async () => {
  client.leave();
  await cluster.dispose();
});

const join = async (room: string): Promise<void> => {
  client = await connect(`${cluster.clientUrl}/rooms/${room}`);
  await client.ask("hello");
};

/** 409, and the room is where it was, at the epoch that it had. */
async function expectRefused(room: string, to: string, why: RegExp): Promise<void> {
  const before = await cluster.room(room);
  const reply = await cluster.move(room, to);
  expect(reply).toMatchObject({ status: 409, type: expect.stringContaining("application/problem+json") });
  expect(reply.body.detail).toMatch(why);
  expect(await cluster.room(room)).toEqual(before);
  expect(await client.ask("still here")).toBe("still here");
}

describe("a move that cannot be", () => {
  test("MOVE-7: to nobody, to where the room is, of a room that is not there, and in a form that is none", async () => {
    cluster = await startCluster({ flags: ["--servers", "2"] });
    await join("echo/stays");
    await expectRefused("echo/stays", "nobody", /no server nobody/);
    await expectRefused("echo/stays", (await cluster.room("echo/stays"))?.server ?? "", /already/);
    const [server] = await cluster.liveServers();
    expect((await cluster.move("echo/absent", server?.id ?? "")).status).toBe(404);
    expect((await cluster.move("absent/room", server?.id ?? "")).status).toBe(404);
    expect((await cluster.move("echo/a%2Fb", server?.id ?? "")).status).toBe(400);
    for (const body of ["", "{}", '{"to":7}', '{"to":"bad id!"}', "[", "x".repeat(100_000)]) {
      const headers = { "content-type": "application/json" };
      const reply = await cluster.ask("/api/rooms/echo/stays/move", { method: "POST", headers, body });
      expect([400, 413]).toContain(reply.status);
      expect(reply.type).toContain("application/problem+json");
    }
    expect((await cluster.drain("nobody")).status).toBe(404);
    expect((await cluster.ask("/api/rooms/echo/stays/move")).status).toBe(405);
    expect(await client.ask("still here")).toBe("still here");
  });

  test("MOVE-5: two at once of one room: one is made, the other changes nothing", async () => {
    const heavy = roomModule("heavy-rooms.mjs");
    // On a busy machine much state takes longer than the usual budget, and then neither would be made.
    const flags = ["--rooms", heavy, "--freeze-budget-ms", "1900", "--rebalance-rooms-per-second", "0"];
    cluster = await startCluster({ flags, env: { TRAP_FOLDER: "absent" } });
    client = await connect(`${cluster.clientUrl}/rooms/heavy/wanted`);
    const word = (text: string): boolean => text.endsWith("hello");
    await client.ask("hello", word);
    const owner = (await cluster.room("heavy/wanted"))?.server;
    const targets = (await cluster.liveServers()).filter(({ id }) => id !== owner);
    const replies = await Promise.all(targets.map(({ id }) => cluster.move("heavy/wanted", id)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    const [made] = replies.filter(({ status }) => status === 200);
    expect(await cluster.room("heavy/wanted")).toMatchObject({ server: made?.body.to, epoch: made?.body.epoch });
    await client.ask("hello", word);
    expect(client.closeCode).toBeUndefined();
  });

  test("MOVE-7: to a server that is full, and to one that drains", async () => {
    const moves = ["--rebalance-rooms-per-second", "0", "--freeze-budget-ms", "1500"];
    cluster = await startCluster({ flags: ["--servers", "1", "--no-restart", ...moves] });
    await cluster.addServer("tiny", ["--rooms-max", "1", ...moves]);
    const [first] = (await cluster.liveServers()).filter(({ id }) => id !== "tiny");
    const guests: Client[] = [];
    for (const room of ["echo/a", "echo/b", "echo/c"]) {
      const guest = await connect(`${cluster.clientUrl}/rooms/${room}`);
      await guest.ask("hello");
      guests.push(guest);
    }
    await join("echo/a");
    // One room fills it.
    const inTiny = await cluster.rooms("server=tiny");
    if (inTiny.length === 0) expect((await cluster.move("echo/c", "tiny")).status).toBe(200);
    const [staying, other] = (await cluster.rooms(`server=${first?.id}`)).map(({ room }) => room);
    client.leave();
    await join(staying ?? "");
    await expectRefused(staying ?? "", "tiny", /full/);

    // Nobody can take its rooms: it goes on draining, and takes none itself.
    expect((await cluster.drain(first?.id ?? "")).status).toBe(202);
    const [moved] = (await cluster.rooms("server=tiny")).map(({ room }) => room);
    client.leave();
    await join(moved ?? "");
    await expectRefused(moved ?? "", first?.id ?? "", /drain/);
    expect((await cluster.room(other ?? ""))?.server).toBe(first?.id);
    for (const guest of guests) {
      expect(guest.closeCode).toBeUndefined();
      guest.leave();
    }
  });
});
