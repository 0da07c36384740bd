import { RoomgateError } from "../wire/errors.ts";
import { type AppName, appOf, parseAppName, type RoomKey } from "../wire/ids.ts";
import { appVersionLengthMax } from "../wire/text-limits.ts";
import { sessionsMaxLimit } from "./room-bounds.ts";
import type { AppDefinition, Apps } from "./sdk.ts";

/** What an app is where it does not say otherwise; `sdk.ts` tells users the same. */
export const appDefaults = {
  version: "1",
  idleMs: 10_000,
  snapshotEveryMs: 5_000,
  sessionsMax: 20_000,
  stateBytesMax: 256 * 1024 * 1024,
} as const;

const tickHzMax = 240;

/** The apps of a server by name, checked. Throws one `RoomgateError` (`bad-app`) that names everything that is wrong. */
export function readApps(apps: Apps): ReadonlyMap<AppName, AppDefinition> {
  const known = new Map<AppName, AppDefinition>();
  const problems: string[] = [];
  for (const [text, definition] of Object.entries(apps)) {
    const name = parseAppName(text);
    if (name === undefined)
      problems.push(`"${text}" is no name for an app: 1 to 64 of a-z 0-9 -, starting with a letter`);
    else known.set(name, definition);
    problems.push(...problemsOf(definition).map((problem) => `app "${text}": ${problem}`));
  }
  if (Object.keys(apps).length === 0) problems.push("there is no app");
  if (problems.length > 0) throw new RoomgateError("bad-app", problems.join("; "));
  return known;
}

export function definitionOf(apps: ReadonlyMap<AppName, AppDefinition>, room: RoomKey): AppDefinition | undefined {
  return apps.get(appOf(room));
}

/** TELL-3: why a room cannot be told anything; `undefined` if it can. */
export function tellRefusal(apps: ReadonlyMap<AppName, AppDefinition>, to: RoomKey): string | undefined {
  const definition = definitionOf(apps, to);
  if (!definition) return `there is no app for ${to}`;
  return definition.durability === "commit" ? undefined : `${to} is not of durability "commit"`;
}

/** Whether rooms of the app have a journal. */
export function isJournaled(definition: AppDefinition): boolean {
  return definition.durability !== "memory";
}

/** Largest state that the app's rooms may have. */
export function stateBytesMaxOf({ stateBytesMax }: AppDefinition): number {
  return stateBytesMax ?? appDefaults.stateBytesMax;
}

export function sessionsMaxOf({ sessionsMax }: AppDefinition): number {
  return sessionsMax ?? appDefaults.sessionsMax;
}

export function versionOf({ version }: AppDefinition): string {
  return version ?? appDefaults.version;
}

function problemsOf(definition: AppDefinition): string[] {
  const problems: string[] = [];
  if (typeof definition?.create !== "function") return ["create must be a function"];
  const { durability } = definition;
  const isInterval = typeof durability === "object" && durability?.intervalMs >= 1 && durability.intervalMs <= 60_000;
  if (durability !== "memory" && durability !== "commit" && !isInterval) {
    problems.push('durability must be "memory", "commit" or { intervalMs: 1 to 60000 }');
  }
  const { tickHz } = definition;
  if (tickHz !== undefined && !(tickHz >= 1 && tickHz <= tickHzMax)) problems.push(`tickHz must be 1 to ${tickHzMax}`);
  for (const name of [
    "idleMs",
    "snapshotEveryMs",
    "messageBytesMax",
    "messagesPerSecondMax",
    "sessionsMax",
    "stateBytesMax",
  ] as const) {
    const value = definition[name];
    if (value !== undefined && !(Number.isFinite(value) && value >= 0)) problems.push(`${name} must be 0 or more`);
  }
  // ROOM-42: what would be found out only when a room moves.
  if ((definition.sessionsMax ?? 0) > sessionsMaxLimit)
    problems.push(`sessionsMax must be at most ${sessionsMaxLimit}`);
  const { version } = definition;
  if (version !== undefined && !(typeof version === "string" && version.length <= appVersionLengthMax)) {
    problems.push(`version must be a text of at most ${appVersionLengthMax} characters`);
  }
  return problems;
}
