import { arenaCrowd } from "./k6/clients/arena-player.ts";
import { documentCrowd } from "./k6/clients/document-writer.ts";
import { echoCrowd, idleCrowd } from "./k6/clients/echo-client.ts";
import { fanCrowd } from "./k6/clients/fan-client.ts";
import { ledgerCrowd } from "./k6/clients/ledger-client.ts";
import {
  type Crowd,
  loadOptions,
  readChaos,
  readMix,
  readSettings,
  runChaos,
  runClients,
  type SummaryData,
  summaryOf,
  withChaos,
} from "./k6/index.ts";

const crowds: Readonly<Record<string, Crowd>> = {
  connect: idleCrowd,
  echo: echoCrowd,
  fan: fanCrowd,
  commit: ledgerCrowd,
  game: arenaCrowd,
  editor: documentCrowd,
};

const settings = readSettings(__ENV);
const chaos = readChaos(__ENV, settings);
const players = settings.vus ?? 200;
/** Players, and a writer of documents to every four of them, unless `LOAD_MIX` says otherwise. */
const mix = readMix(__ENV["LOAD_MIX"] ?? `game=${players},editor=${Math.ceil(players / 4)}`, Object.keys(crowds));

/** Those of one room are one engine's. */
const perEngine = (name: string) => crowds[name]?.membersPerRoom ?? 1;
const sizes = Object.fromEntries(
  Object.entries(mix).map(([name, vus]) => [name, { exec: name, vus, perEngine: perEngine(name) }]),
);

export const options = withChaos(loadOptions(sizes, settings), settings, chaos);

function run(name: string): () => void {
  return () => {
    const crowd = crowds[name];
    if (crowd === undefined) throw new Error(`there is no crowd "${name}"`);
    const { killsFromMs } = chaos;
    runClients(crowd, settings, { vus: mix[name] ?? 1, perEngine: perEngine(name), killsFromMs });
  };
}

export const connect = run("connect");
export const echo = run("echo");
export const fan = run("fan");
export const commit = run("commit");
export const game = run("game");
export const editor = run("editor");

/** Moves rooms, drains servers and has them killed, while the others do what they do. */
export function strike() {
  runChaos(settings, chaos);
}

export function handleSummary(data: SummaryData) {
  return summaryOf(data, settings);
}
