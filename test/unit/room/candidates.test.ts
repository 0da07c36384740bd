import { expect, it } from "vitest";
import { deriveHashKey } from "../../../gateway/cluster/keyed-hash.ts";
import { Candidates } from "../../../gateway/room/candidates.ts";
import type { MemberAgent } from "../../../gateway/store/member-agent.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";

const room = "app/a" as RoomKey;
const watchedMs = 1_000_000;

interface Row {
  readonly state: "live" | "lost";
  readonly silentMs: number;
  readonly suspect?: string;
}

function deathsBy(rows: readonly Row[]): number {
  const members = new Map(
    rows.map(({ state, silentMs, suspect }, index) => [
      `s${index}`,
      { state, sinceMs: watchedMs - silentMs, info: { suspect } },
    ]),
  );
  const agent = { membership: { members, watchedMs } } as unknown as MemberAgent;
  return new Candidates(deriveHashKey("key"), "me" as ServerId, agent).deathsBy(room);
}

it("QUAR-1: servers count that have not come back from a turn of this very room, for a minute after they fell silent", () => {
  const lost = (silentMs: number, suspect?: string): Row => ({ state: "lost", silentMs, ...(suspect && { suspect }) });
  expect(deathsBy([])).toBe(0);
  expect(deathsBy([lost(1_000), lost(1_000, "app/b"), lost(1_000, room)])).toBe(1);
  expect(deathsBy([lost(60_000, room), lost(60_001, room)])).toBe(1);
  // It hangs, and its lease has not run out.
  expect(deathsBy([{ state: "live", silentMs: 600_000, suspect: room }, lost(0, room)])).toBe(2);
});
