import { ContentAny, ContentEmbed, ContentFormat, ContentJSON, decodeUpdate, ID, Item, Skip } from "yjs";
import type { Deletions } from "./deleted-ranges.ts";
import { isShallow } from "./rules/plain-depth.ts";

/** What an update brings: pieces of each client's clock, in order and without holes in themselves, and deletions. */
export interface UpdateContent {
  readonly pieces: readonly { readonly client: number; readonly from: number; readonly to: number }[];
  readonly deletions: Deletions;
  readonly deletes: boolean;
}

type Struct = ReturnType<typeof decodeUpdate>["structs"][number];

/** Far above what people can type, and such that sums of clocks stay exact. */
const clockMax = 2 ** 48;
const contentLevelsMax = 64;

/**
 * EDIT-2: reads an update as strictly as is needed for every replica to be able to apply it, whatever else it has: Yjs itself trusts
 * updates, and one that is well-formed but wrong in itself can throw halfway and leave a replica broken. `undefined` for such, and for
 * what does not decode.
 */
export function readUpdate(update: Uint8Array): UpdateContent | undefined {
  try {
    const { structs, ds } = decodeUpdate(update);
    const pieces = piecesOf(structs);
    if (pieces === undefined || !structs.every(isSound)) return undefined;
    for (const ranges of ds.clients.values()) {
      if (ranges.some(({ clock, len }) => len < 1 || clock + len > clockMax)) return undefined;
    }
    return { pieces, deletions: ds, deletes: ds.clients.size > 0 };
  } catch {
    // Yjs throws errors of all kinds for bytes that are not an update.
    return undefined;
  }
}

/** Each client has one run of structs, each of which begins where the one before ended. */
function piecesOf(structs: readonly Struct[]): UpdateContent["pieces"] | undefined {
  const seen = new Set<number>();
  const pieces: { client: number; from: number; to: number }[] = [];
  let client = -1;
  let at = 0;
  for (const struct of structs) {
    const { id, length } = struct;
    if (id.client !== client) {
      if (seen.has(id.client)) return undefined;
      seen.add(id.client);
      client = id.client;
      at = id.clock;
    }
    if (id.clock !== at || !(length >= 1) || at + length > clockMax) return undefined;
    at += length;
    // A placeholder for what the sender does not have.
    if (struct instanceof Skip) continue;
    const last = pieces.at(-1);
    if (last?.client === client && last.to === id.clock) last.to = at;
    else pieces.push({ client, from: id.clock, to: at });
  }
  return pieces;
}

/** Yjs looks up what a struct refers to within its own client without asking whether it is there. */
function isSound(struct: Struct): boolean {
  if (!(struct instanceof Item)) return true;
  const { id, origin, rightOrigin, parent, content } = struct;
  for (const reference of [origin, rightOrigin, parent]) {
    if (reference instanceof ID && reference.client === id.client && reference.clock >= id.clock) return false;
  }
  if (content instanceof ContentAny || content instanceof ContentJSON) return isShallow(content.arr, contentLevelsMax);
  if (content instanceof ContentEmbed) return isShallow(content.embed, contentLevelsMax);
  if (content instanceof ContentFormat) return isShallow(content.value, contentLevelsMax);
  return true;
}
