import { flagOf, type OptionName, type Options, optionNames, rowOf, variableOf } from "./option-table.ts";
import { suggest } from "./suggestion.ts";

/** What the sources said, as they said it. Later sources win: defaults, file, variables, flags. */
export interface OptionSources {
  /** Parsed content of the configuration file, and its name for messages. */
  readonly file?: { readonly name: string; readonly content: unknown };
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** By option name; a list has been collected, a toggle is a boolean. */
  readonly flags?: Readonly<Partial<Record<OptionName, unknown>>>;
}

export type ResolvedOptions =
  | {
      readonly kind: "resolved";
      readonly options: Options;
      /** Options that some source named. */
      readonly given: ReadonlySet<OptionName>;
      /** Worth a line in the log, and no mistake. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: "mistakes"; readonly mistakes: readonly string[] };

/** A relation between options that each are fine by themselves. Answers what is wrong, one line each. */
export type OptionRelation = (options: Options) => readonly string[];

interface Given {
  readonly value: unknown;
  /** `--port`, `ROOMGATE_PORT`, `roomgate.config.json: port`. */
  readonly source: string;
}

/** OPS-1: puts the sources together, and says everything that is wrong at once. */
export function resolveOptions(sources: OptionSources, relations: readonly OptionRelation[]): ResolvedOptions {
  const mistakes: string[] = [];
  const given = new Map<OptionName, Given>();
  readFile(sources.file, given, mistakes);
  const warnings = readVariables(sources.variables ?? {}, given);
  readFlags(sources.flags ?? {}, given);

  const values: Partial<Record<OptionName, unknown>> = {};
  for (const name of optionNames) {
    const row = rowOf(name);
    const entry = given.get(name);
    values[name] = row.default;
    if (entry === undefined) continue;
    const parsed = row.schema.safeParse(entry.value);
    if (parsed.success) values[name] = parsed.data;
    else mistakes.push(`${entry.source}: ${parsed.error.issues[0]?.message ?? "is wrong"}${shown(name, entry.value)}`);
  }
  // Complete from here on: where a value was wrong the default stands in, so that relations between the others are still judged.
  const options = Object.freeze(values) as Options;
  for (const relation of relations) mistakes.push(...relation(options));
  return mistakes.length > 0
    ? { kind: "mistakes", mistakes }
    : { kind: "resolved", options, given: new Set(given.keys()), warnings };
}

function shown(name: OptionName, value: unknown): string {
  if (rowOf(name).isSecret) return "";
  const text = JSON.stringify(value) ?? String(value);
  return `, and is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}

function readFile(file: OptionSources["file"], given: Map<OptionName, Given>, mistakes: string[]): void {
  if (file === undefined) return;
  const { name: fileName, content } = file;
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    mistakes.push(`${fileName}: must be an object`);
    return;
  }
  for (const [key, value] of Object.entries(content)) {
    if (isOptionName(key)) given.set(key, { value, source: `${fileName}: ${key}` });
    else if (key !== "$schema") mistakes.push(`${fileName}: ${key} is no option${didYouMean(key, optionNames)}`);
  }
}

/** Variables of tools around Roomgate, which are no options. */
const otherVariables = ["CONFIG", "ADMIN", "CHROMIUM", "HAPROXY", "NGINX", "K6"].map((name) => `ROOMGATE_${name}`);

function readVariables(
  variables: Readonly<Record<string, string | undefined>>,
  given: Map<OptionName, Given>,
): readonly string[] {
  const names = new Map(optionNames.map((name) => [variableOf(name), name]));
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(variables)) {
    if (!variable.startsWith("ROOMGATE_") || text === undefined || text === "") continue;
    const name = names.get(variable);
    if (name !== undefined) given.set(name, { value: rowOf(name).fromText(text), source: variable });
    else if (!otherVariables.includes(variable)) {
      // No mistake: the environment is shared with others, who may have their own names there.
      warnings.push(`${variable} is no option${didYouMean(variable, [...names.keys()])}`);
    }
  }
  return warnings;
}

function readFlags(flags: NonNullable<OptionSources["flags"]>, given: Map<OptionName, Given>): void {
  for (const [name, value] of Object.entries(flags)) {
    if (!isOptionName(name) || value === undefined) continue;
    given.set(name, {
      value: typeof value === "string" ? rowOf(name).fromText(value) : value,
      source: value === false ? flagOf(name).replace("--", "--no-") : flagOf(name),
    });
  }
}

function isOptionName(name: string): name is OptionName {
  return (optionNames as readonly string[]).includes(name);
}

export function didYouMean(word: string, known: readonly string[]): string {
  const suggestion = suggest(word, known);
  return suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
}

/** OPS-2: for people to read and logs to keep, so without secrets. A store's URL may hold a password. */
export function maskSecrets(options: Options): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    optionNames.map((name) => {
      const value = options[name];
      if (value !== undefined && rowOf(name).isSecret) return [name, "********"];
      return [name, name === "store" ? maskUrl(options.store) : (value ?? null)];
    }),
  );
}

/** `postgres://user:password@host/db` as `postgres://user:********@host/db`; parameters of that kind as well. */
export function maskUrl(url: string): string {
  return url
    .replace(/^([a-z]+:\/\/[^/@:]*):[^/]*@/i, "$1:********@")
    .replace(/([?&](?:password|pass|token|secret|sslkey)=)[^&]*/gi, "$1********");
}
