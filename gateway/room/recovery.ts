import type { HeadVersion, Position, Store } from "../store/port.ts";
import { RoomgateError } from "../wire/errors.ts";
import type { RoomKey } from "../wire/ids.ts";
import type { LiveRoom } from "./live-room.ts";
import type { Origin } from "./live-room-ports.ts";
import { decodeBody } from "./state-body.ts";

export type Recovered =
  | { readonly kind: "live"; readonly live: LiveRoom }
  /** What is stored cannot be made into a room. It stays as it is. */
  | { readonly kind: "broken"; readonly error: unknown }
  | { readonly kind: "unavailable" };

/** A few milliseconds of work. */
const pageLimit = { recordsMax: 512, bytesMax: 512 * 1024 };

/** A memory room from its last snapshot, or empty. */
export async function recoverMemory(
  store: Store,
  key: RoomKey,
  version: string,
  create: (from: Origin) => LiveRoom,
): Promise<Recovered> {
  const found = await store.loadSnapshot(key);
  if (found.kind === "unavailable") return { kind: "unavailable" };
  return attempt(() => {
    const snapshot = checked(found, version);
    return { kind: "live", live: create({ kind: "snapshot", app: snapshot?.bytes }) };
  });
}

/**
 * A journaled room from its last snapshot and every record behind it, up to the fence at `at.tail`. `breathe` is awaited between two pages of
 * the journal. Of record `skip`, or of the snapshot at that position, what cannot be done is left out.
 */
export async function recoverJournaled(
  store: Store,
  key: RoomKey,
  version: string,
  at: HeadVersion,
  skip: Position | undefined,
  create: (from: Origin) => LiveRoom,
  breathe: () => Promise<void>,
): Promise<Recovered> {
  const found = await store.loadSnapshot(key);
  if (found.kind === "unavailable") return { kind: "unavailable" };
  let position = 0;
  const made = attempt(() => {
    const snapshot = checked(found, version);
    position = snapshot?.position ?? 0;
    const parts = snapshot && decodeBody(snapshot.bytes, undefined);
    return { kind: "live", live: create({ kind: "stored", parts, skip: skip !== undefined && skip === position }) };
  });
  if (made.kind !== "live") return made;
  while (position < at.tail) {
    const page = await store.readJournal(key, position, pageLimit);
    if (page.kind === "unavailable") return dropped(made.live, { kind: "unavailable" });
    const replayed = attempt(() => {
      if (page.kind === "corrupt") throw broken(key, `record ${page.position} is corrupt: ${page.reason}`);
      if (page.kind === "trimmed") throw broken(key, `records ${position + 1} to ${page.first - 1} are gone`);
      const last = page.records.at(-1);
      if (!last || page.records[0]?.position !== position + 1) throw broken(key, `record ${position + 1} is missing`);
      const data = page.records.filter(({ kind }) => kind === "data");
      if (data.length > 0) made.live.replay(data, skip);
      made.live.journaled?.countSince(
        data.reduce((sum, { bytes }) => sum + bytes.length, 0),
        data.length,
      );
      position = last.position;
      return made;
    });
    if (replayed.kind !== "live") return dropped(made.live, replayed);
    if (position < at.tail) await breathe();
  }
  return made;
}

function checked(found: Exclude<Awaited<ReturnType<Store["loadSnapshot"]>>, { kind: "unavailable" }>, version: string) {
  if (found.kind === "none") return undefined;
  if (found.kind === "corrupt") throw new RoomgateError("broken-room", `its snapshot is corrupt: ${found.reason}`);
  // ROOM-4: a state of another version refuses the room, and stays as it is.
  if (found.snapshot.version === version) return found.snapshot;
  throw new RoomgateError(
    "broken-room",
    `its state is of version "${found.snapshot.version}", the app is of version "${version}"`,
  );
}

function attempt(work: () => Recovered): Recovered {
  try {
    return work();
  } catch (error) {
    return { kind: "broken", error };
  }
}

function dropped(live: LiveRoom, outcome: Recovered): Recovered {
  live.dispose();
  return outcome;
}

function broken(key: RoomKey, detail: string): RoomgateError {
  return new RoomgateError("broken-room", `${key} cannot be recovered: ${detail}`);
}
