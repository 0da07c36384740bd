import { RoomgateError } from "../wire/errors.ts";
import type { LmdbStoreOptions } from "./lmdb/options.ts";
import type { MemoryBacking } from "./memory/backing.ts";
import type { MemberStore, Store } from "./port.ts";

export interface OpenStoreOptions {
  /** `memory:` only: what several stores of one process share. Default: a new one, so that the store starts empty. */
  readonly memory?: MemoryBacking;
  /** `lmdb:` only. */
  readonly lmdb?: LmdbStoreOptions;
}

/** Schemes that belong to the public surface and have no engine yet. */
const plannedSchemes = ["nats", "postgres", "postgresql"];

/**
 * Opens the store that `url` names: `memory:` or `lmdb:<directory>`. An engine is loaded only when it is asked for.
 *
 * Rejects with a `RoomgateError`: `store-unsupported` if there is no engine for the URL, `store-unavailable` if the place it
 * names cannot be used (no right to it, a file in the way, no space, not a store, damaged).
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<Store> {
  const { scheme, rest } = split(url);
  if (scheme === "memory" && rest === "") {
    const [{ createMemoryBacking }, { createMemoryStore }] = await Promise.all([
      import("./memory/backing.ts"),
      import("./memory/memory-store.ts"),
    ]);
    return createMemoryStore(options.memory ?? createMemoryBacking());
  }
  if (scheme === "lmdb" && rest !== "") {
    const { openLmdbStore } = await import("./lmdb/lmdb-store.ts");
    return openLmdbStore(rest, options.lmdb);
  }
  throw new RoomgateError("store-unsupported", unsupported(url, scheme));
}

/**
 * The members alone of a store that is open already in this process, for a thread that needs nothing else. Rejects like
 * {@link openStore}. Of a `memory:` store there is nothing that threads could share.
 */
export async function openMembers(url: string): Promise<MemberStore> {
  const { scheme, rest } = split(url);
  if (scheme !== "lmdb" || rest === "") return (await openStore(url)).members;
  const { openLmdbMembers } = await import("./lmdb/members.ts");
  return openLmdbMembers(rest);
}

function split(url: string): { readonly scheme: string; readonly rest: string } {
  const colon = url.indexOf(":");
  return { scheme: colon < 0 ? "" : url.slice(0, colon).toLowerCase(), rest: url.slice(colon + 1) };
}

/** The URL is not repeated where it may carry a password. */
function unsupported(url: string, scheme: string): string {
  const known = "stores are memory: and lmdb:<directory>";
  if (plannedSchemes.includes(scheme)) return `There is no engine for ${scheme}: stores yet; ${known}.`;
  if (scheme === "lmdb") return "lmdb: needs a directory, as in lmdb:.roomgate/store.";
  if (scheme === "memory") return "memory: takes nothing behind the colon.";
  return scheme === "" || url.includes("@")
    ? `The store's URL has no known scheme; ${known}.`
    : `There is no store engine ${scheme}:; ${known}.`;
}
