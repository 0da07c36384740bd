import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RoomgateError } from "../wire/errors.ts";

/**
 * Loads the modules of `--rooms` and puts their apps together; each exports them by the name `apps` or as its default. What an app
 * must have is judged by whoever runs it. Throws a `RoomgateError` (`rooms-bad`) that says everything that is wrong, one line each.
 */
export async function loadApps(files: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const mistakes: string[] = [];
  const apps = new Map<string, { readonly app: unknown; readonly file: string }>();
  for (const file of files) {
    const loaded = await loadModule(file);
    if (typeof loaded === "string") {
      mistakes.push(loaded);
      continue;
    }
    for (const [name, app] of Object.entries(loaded)) {
      const other = apps.get(name);
      if (other === undefined) apps.set(name, { app, file });
      else mistakes.push(`rooms: ${file}: there is an app ${name} in ${other.file} already`);
    }
  }
  if (mistakes.length === 0 && apps.size === 0) mistakes.push("rooms: no module has an app");
  if (mistakes.length > 0) throw new RoomgateError("rooms-bad", mistakes.join("\n"));
  return Object.fromEntries([...apps].map(([name, { app }]) => [name, app]));
}

async function loadModule(file: string): Promise<Readonly<Record<string, unknown>> | string> {
  const path = resolve(file);
  if (!existsSync(path)) return `rooms: ${file}: does not exist`;
  let module: { readonly default?: unknown; readonly apps?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    return `rooms: ${file}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
  }
  const apps = module.apps ?? module.default;
  if (typeof apps !== "object" || apps === null || Array.isArray(apps)) {
    return `rooms: ${file}: exports no apps: export const apps = { <name>: { durability, create } }`;
  }
  return apps as Readonly<Record<string, unknown>>;
}
