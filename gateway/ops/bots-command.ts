import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Command } from "commander";
import { RoomgateError } from "../wire/errors.ts";
import { parseAppName } from "../wire/ids.ts";

const countMax = 500;
const reportEveryMs = 5_000;

interface BotsFlags {
  readonly app: string;
  readonly room: string;
  readonly count: string;
  readonly seconds?: string;
  readonly url?: string;
  readonly module?: string;
}

/** What a module of bots exports. */
interface BotsModule {
  runBots(options: { readonly url: string; readonly room: string; readonly count: number }): {
    report(): object;
    stop(): void;
  };
}

/** `bots`: players of an app that play by themselves. The app brings them: `demo-<app>/bots/run-bots.js`, or the file that is named. */
export function addBotsCommand(program: Command, clientUrl: () => string, print: (text: string) => void): void {
  program
    .command("bots")
    .description("let bots play in a room, to play with them or to load it; Ctrl-C ends it")
    .option("--app <name>", "the app they play", "game")
    .requiredOption("--room <id>", "the room they play in")
    .option("--count <count>", `how many, at most ${countMax}`, "20")
    .option("--seconds <seconds>", "how long; default until Ctrl-C")
    .option("--url <url>", "client side of the cluster, as ws://host:8080")
    .option("--module <file>", "a module that exports runBots")
    .action(async (flags: BotsFlags) => {
      const count = wholeNumber("--count", flags.count, countMax);
      const forMs = flags.seconds === undefined ? undefined : wholeNumber("--seconds", flags.seconds, 86_400) * 1000;
      const { runBots } = await loadBots(flags);
      const bots = runBots({ url: flags.url ?? clientUrl(), room: flags.room, count });
      const timer = setInterval(() => print(JSON.stringify(bots.report())), reportEveryMs);
      await new Promise<void>((resolve) => {
        if (forMs !== undefined) setTimeout(resolve, forMs);
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
      });
      clearInterval(timer);
      print(JSON.stringify(bots.report()));
      bots.stop();
    });
}

async function loadBots({ app, module }: BotsFlags): Promise<BotsModule> {
  const name = parseAppName(app);
  if (name === undefined) throw new RoomgateError("bots-missing", `${app} is no name of an app`);
  const file = module ?? fileURLToPath(new URL(`../../demo-${name}/bots/run-bots.js`, import.meta.url));
  if (!existsSync(file)) throw new RoomgateError("bots-missing", `there are no bots for ${name}: ${file} is not there`);
  const loaded: Partial<BotsModule> = await import(pathToFileURL(file).href);
  if (typeof loaded.runBots !== "function") throw new RoomgateError("bots-missing", `${file} exports no runBots`);
  return loaded as BotsModule;
}

function wholeNumber(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new RoomgateError("option-bad", `${flag} is a whole number from 1 to ${most}, and this is ${text}`);
}
