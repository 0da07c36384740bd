import { RoomgateError } from "../wire/errors.ts";
import { readConfigFile } from "./config-file.ts";
import type { OptionName, Options } from "./option-table.ts";
import { type OptionRelation, type OptionSources, resolveOptions } from "./options.ts";

export interface Configuration {
  readonly options: Options;
  readonly given: ReadonlySet<OptionName>;
  readonly warnings: readonly string[];
}

/** The configuration of this process: defaults, file, variables, flags. Throws a `RoomgateError` (`config-bad`, `config-unreadable`) that says everything. */
export function configure(
  flags: NonNullable<OptionSources["flags"]>,
  configFile: string | undefined,
  relations: readonly OptionRelation[],
): Configuration {
  const { ROOMGATE_CONFIG: fromVariable } = process.env;
  const file = readConfigFile(configFile ?? (fromVariable || undefined));
  const sources = { variables: process.env, flags, ...(file === undefined ? {} : { file }) };
  const resolved = resolveOptions(sources, relations);
  if (resolved.kind === "mistakes") throw new RoomgateError("config-bad", resolved.mistakes.join("\n"));
  return resolved;
}
