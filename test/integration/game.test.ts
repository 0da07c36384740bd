import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Ledger } from "../../demo-game/server/rules/ledger.ts";
import { decodeDown, encodeUp } from "../../demo-game/server/rules/messages.ts";
import { StateReader } from "../../demo-game/server/rules/state-reader.ts";
import { type Cluster, isAlive, startCluster } from "../support/cluster.ts";
import { openVisitor, type Visitor } from "../support/game/visitor.ts";
import { sleep, until } from "../support/until.ts";
import { seededRandom } from "../support/virtual-runtime.ts";

const seed = Number(process.env["ROOMGATE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const clusters: Cluster[] = [];
const visitors: Visitor[] = [];

async function start(flags: readonly string[], store?: string): Promise<Cluster> {
  const cluster = await startCluster(store === undefined ? { flags } : { flags, store });
  clusters.push(cluster);
  return cluster;
}

async function visit(...parameters: Parameters<typeof openVisitor>): Promise<Visitor> {
  const visitor = await openVisitor(...parameters);
  visitors.push(visitor);
  return visitor;
}

afterEach(async () => {
  for (const visitor of visitors.splice(0)) visitor.cut();
  // The last one first: it may run on the store of the one before.
  for (const cluster of clusters.splice(0).reverse()) await cluster.dispose();
});

const token = (letter: string): string => letter.repeat(24);

/** Things that are nowhere, or at two places. */
function astray(ledger: Ledger): number {
  const held = [...ledger.players.keys()].reduce((sum, number) => sum + ledger.heldBy(number).length, 0);
  const lying = [...ledger.items.values()].filter(({ holder }) => holder === undefined).length;
  return ledger.itemsSpawned - ledger.itemsUsed - lying - held;
}

interface Belongings {
  readonly score: number;
  readonly things: readonly number[];
}

/** Of each player, by id; not of those who just look on, since something may come down at their feet. */
function belongings(ledger: Ledger): ReadonlyMap<string, Belongings> {
  const playing = [...ledger.players.values()].filter(({ name }) => name.startsWith("Player"));
  return new Map(
    playing.map(({ id, number, score }) => {
      const things = ledger.heldBy(number).map((item) => item.number);
      return [id, { score, things: things.sort((one, other) => one - other) }];
    }),
  );
}

describe("strangers in an arena", () => {
  /** Pings 300 at a time, each lot when the one before is answered: a gateway holds no more than 1 024 for anybody. */
  async function closeOfFlooder(cluster: Cluster): Promise<number> {
    const socket = new WebSocket(`${cluster.clientUrl}/rooms/game/court`);
    let [answered, code] = [0, 0];
    socket.on("message", (data: Buffer) => {
      const message = decodeDown(data, new StateReader());
      if (message?.kind === "pong") answered = message.token;
    });
    socket.on("close", (closeCode) => {
      code = closeCode;
    });
    await once(socket, "open");
    for (let sent = 0; code === 0 && sent < 20_000; ) {
      for (const end = sent + 300; sent < end; ) {
        sent += 1;
        socket.send(encodeUp({ kind: "ping", token: sent }));
      }
      await until(
        () => code !== 0 || answered === sent,
        (isOver) => isOver,
      );
    }
    return code;
  }

  test("GAME-3, GAME-4: what is malformed, too long or too much closes its sender with the right code; names are cleaned; nobody else notices", async () => {
    const cluster = await start(["--servers", "1"]);
    const ada = await visit(cluster, "court", { name: "Ada" });
    ada.play();
    const closeOf = async (...messages: (Uint8Array | string)[]): Promise<number | undefined> => {
      const stranger = await visit(cluster, "court");
      for (const message of messages) stranger.send(message);

      return until(
        () => stranger.closeCode,
        (code) => code !== undefined,
      );
    };
    const long = new Uint8Array(10 * 1024).fill(65);
    expect(await closeOf("hello")).toBe(4400);
    expect(await closeOf(Uint8Array.of(200, 1, 2))).toBe(4400);
    // A line of chat and a name that say to be 255 bytes, and are 10 KB.
    expect(await closeOf(Uint8Array.of(5, 255, ...long))).toBe(1009);
    expect(await closeOf(Uint8Array.of(3, 255, ...long))).toBe(1009);
    expect(await closeOfFlooder(cluster)).toBe(4429);
    const refused = new WebSocket(`${cluster.clientUrl}/rooms/game/court?name=${"x".repeat(10 * 1024)}`);
    const [, { statusCode }] = await once(refused, "unexpected-response");
    expect(statusCode).toBe(414);
    const eve = await visit(cluster, "court", { name: `<img src=x>\u0000\u202e${"x".repeat(3 * 1024)}` });
    eve.send(encodeUp({ kind: "say", text: "<script>\u0007\nhi" }));
    await until(
      () => ada.match.ledger.chat.at(-1)?.text,
      (text) => text === "<script> hi",
    );
    const names = [...ada.match.ledger.players.values()].map(({ name }) => name);
    for (const name of names) expect(name).toMatch(/^[^\p{C}<>&]{1,20}$/u);
    expect(eve.match.own?.name).toBe("img src=xxxxxxxxxxxx");
    expect(ada.closeCode).toBeUndefined();
    expect([ada.match.line.missed, ada.match.line.repeated, astray(ada.match.ledger)]).toEqual([0, 0, 0]);
  });
});

describe("an arena whose players come and go", () => {
  const players = "abcdefgh";
  const seconds = 6;

  /** Comes in again and again under one name while the old connection is there, or cut, or being replaced. */
  async function comeAndGo(
    cluster: Cluster,
    who: string,
    random: () => number,
    goesOn: () => boolean,
  ): Promise<number> {
    let comings = 0;
    let present: Visitor | undefined;
    while (goesOn()) {
      if (random() < 0.5) present?.cut();
      present = await visit(cluster, "plaza", { name: `Player ${who}`, token: token(who) }, random);
      present.play();
      comings += 1;
      await sleep(400 + random() * 900);
    }
    return comings;
  }

  /** What the board of all time shows, as `name points`. */
  async function board(cluster: Cluster): Promise<{ readonly lines: readonly string[]; readonly points: number }> {
    const socket = new WebSocket(`${cluster.clientUrl}/rooms/board/all-time`);
    const [data] = await once(socket, "message");
    socket.terminate();
    const top: readonly { name: string; points: number }[] = JSON.parse(String(data)).top;
    const lines = top.map(({ name, points }) => `${name} ${points}`).sort();
    return { lines, points: top.reduce((sum, { points }) => sum + points, 0) };
  }

  async function kill(cluster: Cluster, server: string): Promise<number> {
    const found = (await cluster.liveServers()).find(({ id }) => id === server);
    if (found === undefined || !isAlive(found.pid)) return 0;
    process.kill(found.pid, "SIGKILL");
    return 1;
  }

  test("GAME-7, GAME-9: has each thing once and each player once while they race, reconnect and their server is killed, and after all was killed", async () => {
    const random = seededRandom(seed);
    const cluster = await start(["--servers", "3", "--no-restart"]);
    const watcher = await visit(cluster, "plaza", { name: "Watcher" });
    const endMs = performance.now() + seconds * 1_000;
    let [beats, kills, moves, lost] = [0, 0, 0, 0];
    const goesOn = () => performance.now() < endMs || kills < 2;
    const playing = Promise.all([...players].map((who) => comeAndGo(cluster, who, random, goesOn)));
    const scores = new Map<string, number>();
    for (; goesOn(); beats += 1) {
      const owner = (await cluster.room("game/plaza"))?.server;
      const others = (await cluster.liveServers()).filter(({ id }) => id !== owner);
      const other = others[Math.floor(random() * others.length)];
      if (owner !== undefined && beats >= 5 + 7 * kills && kills < 2) kills += await kill(cluster, owner);
      else if (owner !== undefined && other !== undefined && beats % 2 === 0) {
        if ((await cluster.move("game/plaza", other.id)).status === 200) moves += 1;
      }
      for (const { id, score } of watcher.match.ledger.players.values()) {
        if (score < (scores.get(id) ?? 0)) lost += 1;
        scores.set(id, score);
      }
      await sleep(300);
    }
    const comings = (await playing).reduce((sum, count) => sum + count, 0);
    for (const visitor of visitors) if (visitor !== watcher) visitor.cut();

    const clerk = await visit(cluster, "plaza", { name: "Clerk" });
    const [seen, told] = await until(
      () => [watcher.match.ledger, clerk.match.ledger] as const,
      (ledgers) => ledgers.every((ledger) => ledger.serial === clerk.match.ledger.serial && ledger.playersHere === 2),
    );
    // What somebody who was there all the time has made of the events is what the journal says.
    expect(seen.save()).toEqual(told.save());
    expect(astray(told)).toBe(0);
    const ids = [...told.players.values()].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(players.length + 2);
    expect(lost).toBe(0);
    expect([watcher.match.line.missed, watcher.match.line.repeated, watcher.closeCode]).toEqual([0, 0, undefined]);
    expect(comings).toBeGreaterThan(players.length * 2);

    // Those who are away neither take anything nor earn anything.
    const kept = belongings(told);
    const points = [...kept.values()].reduce((sum, { score }) => sum + score, 0);
    const things = [...kept.values()].reduce((sum, belonging) => sum + belonging.things.length, 0);
    console.log(
      `seed ${seed}: ${comings} comings of ${players.length} players, ${kills} kills, ${moves} moves; ` +
        `${told.serial} events, ${things} things in hands, ${points} points`,
    );
    // Whatever was told to the board is heard by now, or will be.
    const shown = await until(
      () => board(cluster),
      (heard) => heard.points === points,
    );
    for (const { pid } of [...(await cluster.liveServers()), ...(await cluster.gateways())]) {
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
    cluster.kill("SIGKILL");
    await cluster.ended;

    const again = await start(["--servers", "2"], cluster.store);
    const late = await visit(again, "plaza", { name: "Late" });
    expect(belongings(late.match.ledger)).toEqual(kept);
    expect(astray(late.match.ledger)).toBe(0);
    expect((await board(again)).lines).toEqual(shown.lines);
    const back = await visit(again, "plaza", { name: "Player a", token: token("a") });
    const own = belongings(back.match.ledger).get(back.match.own?.id ?? "");
    const before = kept.get(back.match.own?.id ?? "");
    expect(own?.score).toBe(before?.score);
    expect(own?.things).toEqual(expect.arrayContaining([...(before?.things ?? [])]));
  });
});
