import { type Command, Option } from "commander";
import { flagOf, type OptionName, optionNames, rowOf, variableOf } from "./option-table.ts";

const log = ["logLevel", "logFormat"] as const satisfies readonly OptionName[];
const timing = ["heartbeatMs", "selfFreezeMs", "leaseMs", "failoverBudgetMs"] as const satisfies readonly OptionName[];
const member = ["store", "secret", "id", ...timing, ...log] as const satisfies readonly OptionName[];

const gateway = [
  "port",
  "host",
  "listener",
  "messageBytesMax",
  "holdMs",
  "holdBytesMax",
  "holdFramesMax",
  "slowClientBytesMax",
  "sessionsMax",
  "connectionsPerSecondMax",
  "messagesPerSecondMax",
] as const satisfies readonly OptionName[];

const server = [
  "rooms",
  "weight",
  "listener",
  "trunkHost",
  "trunkPort",
  "freezeBudgetMs",
  "concurrentMovesMax",
  "rebalanceRoomsPerSecond",
  "roomsMax",
] as const satisfies readonly OptionName[];

const admin = ["adminPort", "adminHost", "adminNames"] as const satisfies readonly OptionName[];

/** What a process of its own cannot be told in common with its siblings. */
const perProcess: readonly OptionName[] = ["id", "weight", "trunkPort"];

/** The options that each command takes as flags. Variables and the file may name any. */
export const commandOptions = {
  cluster: optionNames.filter((name) => !perProcess.includes(name)),
  gateway: [...member, ...gateway, ...admin],
  server: [...member, ...server, ...admin],
} as const satisfies Readonly<Record<string, readonly OptionName[]>>;

/** Adds the rows of the table to a command, as texts: `resolveOptions` judges them all at once. */
export function addOptions(command: Command, names: readonly OptionName[]): Command {
  for (const name of names) {
    const row = rowOf(name);
    if (row.unit === undefined) {
      const flag = row.default === true ? flagOf(name).replace("--", "--no-") : flagOf(name);
      command.addOption(new Option(flag, `${row.default === true ? "do not " : ""}${row.help}`));
      continue;
    }
    const option = new Option(
      `${flagOf(name)} <${row.unit}>`,
      `${row.help}${defaultOf(row.default)} [${variableOf(name)}]`,
    );
    if (row.isList)
      option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
    command.addOption(option);
  }
  return command.option(
    "--config <file>",
    "configuration file; default roomgate.config.json, if there is one [ROOMGATE_CONFIG]",
  );
}

function defaultOf(value: unknown): string {
  return value === undefined || (Array.isArray(value) && value.length === 0) ? "" : `; default ${value}`;
}

/** What the command line named, by option name. Commander gives toggles a value in any case. */
export function flagsOf(command: Command): Partial<Record<OptionName, string | boolean | readonly string[]>> {
  const given = optionNames.filter((name) => command.getOptionValueSource(name) === "cli");
  return Object.fromEntries(given.map((name) => [name, command.getOptionValue(name)]));
}
