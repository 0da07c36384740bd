import { once } from "node:events";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type BotsReport, type RunningBots, runBots } from "../../demo-game/bots/run-bots.ts";
import { Match } from "../../demo-game/page/play/match.ts";
import type { Ledger } from "../../demo-game/server/rules/ledger.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { quantiles } from "../support/quantiles.ts";
import { sleep, until } from "../support/until.ts";
import { GameWindow, openBrowser } from "./support/game-window.ts";

/** `npm run show:game` takes the long one. */
const isLong = process.env["ROOMGATE_SHOW"] === "long";
const plan = isLong ? { seconds: 120, killEverySeconds: 20, bots: 20 } : { seconds: 16, killEverySeconds: 8, bots: 20 };
const moveEveryMs = 1_000;
const arena = "show";
const room = `game/${arena}`;

let cluster: Cluster;
let browser: Browser;
let bots: RunningBots | undefined;

/** What the room tells somebody who comes in anew: the fold of all that is durable. */
async function freshLedger(): Promise<Ledger> {
  const match = new Match(() => {});
  const socket = new WebSocket(`${cluster.clientUrl}/rooms/${room}?name=Clerk`);
  socket.on("message", (data: Buffer) => match.receive(data, performance.now()));
  await once(socket, "open");
  await until(
    () => match.isWelcome,
    (isWelcome) => isWelcome,
  );
  socket.terminate();
  return match.ledger;
}

interface Blows {
  readonly pausesMs: number[];
  refused: number;
  kills: number;
}

/** Moves the arena every second, and kills its server now and then, until the time is over. */
async function strike(blows: Blows): Promise<void> {
  const startMs = performance.now();
  let killAtMs = startMs + plan.killEverySeconds * 500;
  for (let beat = 1; performance.now() - startMs < plan.seconds * 1000; beat += 1) {
    await sleep(Math.max(0, startMs + beat * moveEveryMs - performance.now()));
    const [owner, live] = await Promise.all([cluster.room(room).catch(() => undefined), cluster.liveServers()]);
    const server = live.find(({ id }) => id === owner?.server);
    if (server === undefined) continue;
    if (performance.now() >= killAtMs) {
      killAtMs += plan.killEverySeconds * 1000;
      process.kill(server.pid, "SIGKILL");
      blows.kills += 1;
      continue;
    }
    const others = live.filter(({ id }) => id !== server.id);
    const target = others[beat % Math.max(1, others.length)];
    if (target === undefined) continue;
    const reply = await cluster.move(room, target.id);
    if (reply.status === 200) blows.pausesMs.push(reply.body.pauseMs);
    else blows.refused += 1;
  }
}

describe("an arena under blows", () => {
  beforeAll(async () => {
    [cluster, browser] = await Promise.all([startCluster(), openBrowser()]);
  });
  afterAll(async () => {
    bots?.stop();
    await browser?.close();
    await cluster?.dispose();
  });

  test("GAME-7: two people and twenty bots play on while it moves every second and its server is killed", {
    timeout: plan.seconds * 1000 + 120_000,
  }, async () => {
    const running = runBots({ url: cluster.clientUrl, room: arena, count: plan.bots });
    bots = running;
    const windows = [
      await GameWindow.open(browser, `${cluster.pagesUrl}/${room}`),
      await GameWindow.open(browser, `${cluster.pagesUrl}/${room}`),
    ];
    await until(
      () => running.report().connected,
      (connected) => connected === plan.bots,
    );
    windows[0]?.wander(["KeyA", "KeyD"]);
    windows[1]?.wander(["ArrowUp", "ArrowDown"]);
    const before = await Promise.all(windows.map((window) => window.look()));
    const blows: Blows = { pausesMs: [], refused: 0, kills: 0 };
    const striking = strike(blows);
    const samples: Readonly<Record<number, number>>[] = [];
    let isOver = false;
    void striking.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      samples.push((await windows[0]?.look())?.scores ?? {});
      await sleep(500);
    }
    await striking;
    await Promise.all(windows.map((window) => window.rest()));
    await windows[0]?.screenshot("show");

    const seen = await Promise.all(windows.map((window) => window.look()));
    const report: BotsReport = running.report();
    running.stop();
    bots = undefined;
    console.log(
      `${plan.seconds} s, ${blows.kills} kills; moves: pause ${quantiles(blows.pausesMs)}, ${blows.refused} refused`,
    );
    console.log(`bots: ${JSON.stringify(report)}`);
    for (const { longestSilenceMs, moves, prediction, serial } of seen) {
      console.log(`window: ${JSON.stringify({ longestSilenceMs, moves, prediction, serial })}`);
    }
    expect(blows.kills).toBeGreaterThanOrEqual(Math.floor(plan.seconds / plan.killEverySeconds));
    expect(blows.pausesMs.length).toBeGreaterThan(plan.seconds / 4);
    expect(report).toMatchObject({ closes: 0, eventsMissed: 0, eventsRepeated: 0, scoresLost: 0, itemsAstray: 0 });
    for (const [index, window] of windows.entries()) {
      const now = seen[index];
      expect(window.errors).toEqual([]);
      expect(now).toMatchObject({ closes: 0, eventsMissed: 0, eventsRepeated: 0, connection: "open" });
      expect(now?.name).toBe(before[index]?.name);
      expect((now?.items.lying ?? 0) + (now?.items.held ?? 0) + (now?.items.used ?? 0)).toBe(now?.items.spawned);
    }
    for (const [index, scores] of samples.entries()) {
      for (const [number, score] of Object.entries(samples[index - 1] ?? {})) {
        expect(scores[Number(number)]).toBeGreaterThanOrEqual(score);
      }
    }

    // Shots that were under way have landed by then.
    await sleep(1_500);
    // What somebody new is told is what those who were there all the time have made of the events.
    const ledger = await freshLedger();
    expect(ledger.items.size + ledger.itemsUsed).toBe(ledger.itemsSpawned);
    const last = await windows[0]?.until(({ serial }) => serial >= ledger.serial);
    for (const { number, score } of ledger.players.values()) expect(last?.scores[number]).toBeGreaterThanOrEqual(score);
    await expectBoard(ledger);
    await windows[1]?.page.getByTestId("tab-all").click();
    await windows[1]?.page.getByTestId("board").locator(".points").first().waitFor();
    await windows[1]?.screenshot("show-board");
  });
});

/** Each gain was heard once by the board of all time: it has as many points for everybody as the arena. */
async function expectBoard(ledger: Ledger): Promise<void> {
  const socket = new WebSocket(`${cluster.clientUrl}/rooms/board/all-time`);
  let shown: { name: string; hue: number; points: number }[] = [];
  socket.on("message", (data) => {
    shown = JSON.parse(String(data)).top;
  });
  const wanted = [...ledger.players.values()]
    .filter(({ score }) => score > 0)
    .map(({ name, score }) => `${name} ${score}`);
  const most = wanted.sort().slice(0, 20);
  await until(
    () => shown.map(({ name, points }) => `${name} ${points}`).filter((line) => wanted.includes(line)).length,
    (found) => found >= Math.min(20, most.length),
  );
  socket.terminate();
}
