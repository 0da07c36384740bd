import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RoomgateError } from "../wire/errors.ts";
import { parseAppName } from "../wire/ids.ts";

/** What a module of rooms exports by the name `apps`, or as its default: apps by name. The caller knows their type. */
export type AppsModule<App> = Readonly<Record<string, App>>;

/**
 * Loads the modules of `--rooms` and puts their apps together. Throws a `RoomgateError` (`rooms-bad`) that says everything that is
 * wrong, one line each.
 */
export async function loadApps<App>(
  files: readonly string[],
  check: (name: string, app: unknown) => app is App,
): Promise<Readonly<Record<string, App>>> {
  const mistakes: string[] = [];
  const apps = new Map<string, { app: App; file: string }>();
  for (const file of files) {
    const loaded = await loadModule(file);
    if (typeof loaded === "string") {
      mistakes.push(loaded);
      continue;
    }
    for (const [name, app] of Object.entries(loaded)) {
      const other = apps.get(name);
      if (parseAppName(name) === undefined) {
        mistakes.push(
          `${file}: ${JSON.stringify(name)} is no name of an app (1 to 64 of a-z 0-9 -, starting with a letter)`,
        );
      } else if (other !== undefined) mistakes.push(`${file}: there is an app ${name} in ${other.file} already`);
      else if (!check(name, app)) mistakes.push(`${file}: app ${name} has no \`create\` function and \`durability\``);
      else apps.set(name, { app, file });
    }
  }
  if (mistakes.length === 0 && apps.size === 0) mistakes.push("rooms: no module has an app");
  if (mistakes.length > 0) throw new RoomgateError("rooms-bad", mistakes.join("\n"));
  return Object.fromEntries([...apps].map(([name, { app }]) => [name, app]));
}

async function loadModule(file: string): Promise<Readonly<Record<string, unknown>> | string> {
  const path = resolve(file);
  if (!existsSync(path)) return `${file}: does not exist`;
  let module: { readonly default?: unknown; readonly apps?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    return `${file}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  }
  const apps = module.apps ?? module.default;
  if (typeof apps !== "object" || apps === null || Array.isArray(apps)) {
    return `${file}: exports no apps; export const apps = { <name>: { durability, create } }`;
  }
  return apps as Readonly<Record<string, unknown>>;
}
