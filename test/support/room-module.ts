import { fileURLToPath } from "node:url";

/** The path of a module in `rooms/`, as `--rooms` takes it. */
export function roomModule(name: string): string {
  return fileURLToPath(new URL(`rooms/${name}`, import.meta.url));
}
