import { readFileSync } from "node:fs";
import { RoomgateError } from "../wire/errors.ts";

export const defaultConfigFile = "roomgate.config.json";

/** Reads the file that was named, else `roomgate.config.json` if it is there. Throws `config-unreadable`. */
export function readConfigFile(named: string | undefined): { name: string; content: unknown } | undefined {
  const name = named ?? defaultConfigFile;
  let text: string;
  try {
    text = readFileSync(name, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" && named === undefined) return undefined;
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new RoomgateError("config-unreadable", `${name} ${why}`, { cause });
  }
  try {
    return { name, content: JSON.parse(text) };
  } catch (cause) {
    throw new RoomgateError("config-unreadable", `${name} is no JSON: ${(cause as Error).message}`, { cause });
  }
}
