import { loadavg } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { flawlessLedgers, LedgerCrowd } from "../support/ledger-crowd.ts";
import { type TorturePlan, torture } from "../support/ledger-torture.ts";
import { quantiles } from "../support/quantiles.ts";

/** `npm run soak` takes the long one, or one with as many of each as it is told. */
const isLong = process.env["ROOMGATE_SOAK"] === "long";
const seed = Number(process.env["ROOMGATE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const plan: TorturePlan = {
  ...(isLong ? { kills: 100, stops: 50, massacres: 20, moves: 100 } : { kills: 6, stops: 2, massacres: 1, moves: 20 }),
  ...(JSON.parse(process.env["ROOMGATE_BLOWS"] ?? "{}") as Partial<TorturePlan>),
  seed,
};

/** So that no socket is closed because this machine is slow. */
const patience = ["--hold-ms", "120000", "--hold-frames-max", "10000"];

let cluster: Cluster | undefined;
let crowd: LedgerCrowd | undefined;

beforeEach(({ onTestFailed }) => {
  crowd = undefined;
  onTestFailed(() => {
    console.log(`ROOMGATE_SEED=${seed}\n${crowd?.examples.join("\n")}\n${cluster?.log.text().slice(-20_000)}`);
  });
});

afterEach(async () => {
  crowd?.leave();
  await cluster?.dispose();
});

describe("300 clients in 60 ledger rooms", () => {
  test("COMMIT-1: nothing is lost, doubled or reordered while servers are killed and stopped and rooms move", {
    timeout: isLong ? 14_400_000 : 300_000,
  }, async () => {
    cluster = await startCluster({ flags: patience });
    const { clientUrl } = cluster;
    crowd = await LedgerCrowd.join({ clientUrl, rooms: 60, membersPerRoom: 5, perSecond: 3 });
    crowd.start();
    const blows = plan.kills + plan.stops + plan.massacres;
    let struck = 0;
    const figures = await torture(cluster, crowd, plan, (blow) => {
      struck += 1;
      if (isLong) console.log([`${struck} of ${blows}: ${blow}`, ...(crowd?.examples ?? [])].join("\n"));
    });
    await crowd.visit(crowd.keys);
    const verdict = await crowd.stop();
    await crowd.visit(crowd.keys);

    console.log(`${JSON.stringify(plan)}, load average ${loadavg()[0]?.toFixed(1)}`);
    console.log(`kill -9: each of its rooms acknowledges again after ${quantiles(figures.killsMs)}`);
    console.log(`SIGSTOP: the same ${quantiles(figures.stopsMs)}`);
    console.log(`kill -9 of all servers: the same ${quantiles(figures.massacresMs)}`);
    console.log(`moves: pause ${quantiles(figures.pausesMs)}; ${figures.movesRefused} refused`);
    console.log(`${verdict.sent} bodies, each to 5 members; ${figures.killed} processes killed`);
    expect(crowd.examples).toEqual([]);
    expect(verdict).toMatchObject(flawlessLedgers);
    expect(figures.pausesMs).toHaveLength(plan.moves);
  });
});
