import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RoomgateError } from "../wire/errors.ts";

const fileName = "trunk-secret";
const secretLengthMin = 16;

/**
 * OPS-4: what the processes of a cluster prove to each other: the option, else a file beside an lmdb store, which only its owner may
 * read and which the first process makes. A store that other machines share has no such place, so there it must be given.
 */
export function obtainSecret(options: { readonly secret: string | undefined; readonly store: string }): string {
  if (options.secret !== undefined) return options.secret;
  if (!options.store.startsWith("lmdb:")) {
    const scheme = options.store.slice(0, options.store.indexOf(":") + 1);
    throw new RoomgateError(
      "secret-missing",
      `secret: with a ${scheme} store, give one to all processes (ROOMGATE_SECRET)`,
    );
  }
  const folder = options.store.slice("lmdb:".length);
  const path = join(folder, fileName);
  try {
    return readSecret(path) ?? makeSecret(folder, path);
  } catch (cause) {
    if (cause instanceof RoomgateError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      EACCES: "permission denied",
      ENOTDIR: "a file is in the way",
      EEXIST: "a file is in the way",
    };
    const why = reasons[code ?? ""] ?? message;
    throw new RoomgateError("store-unavailable", `store: ${folder} cannot be used: ${why}`, { cause });
  }
}

function readSecret(path: string): string | undefined {
  let secret: string;
  try {
    secret = readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (secret.length < secretLengthMin) throw new RoomgateError("secret-bad", `${path} holds no secret; remove it`);
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw new RoomgateError("secret-bad", `${path} can be read by others; make it private (chmod 600)`);
  }
  return secret;
}

/** Written aside, then linked into place: of several processes one wins, and none reads half a secret. */
function makeSecret(folder: string, path: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const aside = `${path}-${randomBytes(8).toString("hex")}`;
  writeFileSync(aside, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  const secret = readSecret(path);
  if (secret === undefined)
    throw new RoomgateError("secret-bad", `${path} was removed while it was made`, { retryable: true });
  return secret;
}
