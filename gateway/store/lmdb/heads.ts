import type { RoomKey } from "../../wire/ids.ts";
import type { HeadFilter, RoomHead } from "../port.ts";
import { readHeadRow } from "./change.ts";
import type { Environment } from "./environment.ts";
import { prefixRange, splitKey } from "./keys.ts";
import { headOf } from "./rows.ts";
import { createSlices } from "./slices.ts";

/** Keys that are looked at before the event loop gets its turn. */
const keysPerSlice = 512;

/**
 * Goes through the index of owned rooms. Each head that is given is one that the room had during the call; long lists are not a
 * picture of one moment. Throws where a head is damaged.
 */
export async function listHeads(environment: Environment, filter: HeadFilter): Promise<readonly RoomHead[]> {
  const { root, tables } = environment;
  const { owner, app, limit } = filter;
  const heads: RoomHead[] = [];
  const slices = createSlices();
  let { start, end } =
    owner === undefined ? everything : prefixRange(`${owner}\0${app === undefined ? "" : `${app}/`}`);
  while (heads.length < limit) {
    root.resetReadTxn();
    let last: Buffer | undefined;
    let seen = 0;
    for (const key of tables.owners.getKeys({ start, end, limit: keysPerSlice })) {
      last = Buffer.from(key);
      seen += 1;
      const { before, behind } = splitKey(last);
      const room = behind.toString("latin1") as RoomKey;
      if (app !== undefined && !room.startsWith(`${app}/`)) continue;
      const head = headOf(readHeadRow(environment, room));
      if (head === undefined || head.owner !== before) continue;
      heads.push({ room, head });
      if (heads.length >= limit) break;
    }
    if (last === undefined || seen < keysPerSlice) break;
    start = Buffer.concat([last, Buffer.of(0)]);
    await slices.pause();
  }
  return heads;
}

const everything = { start: Buffer.of(0), end: Buffer.of(255) };
