import { expect, test } from "vitest";
import { SpokenLines, tellLimits } from "../../../gateway/room/spoken-lines.ts";
import type { RoomKey } from "../../../gateway/wire/ids.ts";

const to = (index: number): RoomKey => `app/r${index}` as RoomKey;
const nothing = new Uint8Array(0);

test("TELL-5: rooms that had no place are told so when half of the places are free, not when one is", () => {
  const lines = new SpokenLines();
  for (let index = 0; index < tellLimits.roomsMax; index += 1) lines.say(to(index), true, nothing);
  expect(lines.refusalOf(to(10_000), 1)).toBe("all-full");
  for (let index = 10_000; index < 10_300; index += 1) lines.refuse(to(index));
  lines.drop(to(0), Number.MAX_SAFE_INTEGER);
  expect(lines.readyAgain()).toEqual([]);
  for (let index = 1; index < tellLimits.roomsMax / 2; index += 1) lines.drop(to(index), Number.MAX_SAFE_INTEGER);
  expect(lines.readyAgain()).toHaveLength(300);
});

test("TELL-5: a room that has a line of its own is not kept waiting by the others", () => {
  const lines = new SpokenLines();
  for (let index = 0; index < tellLimits.roomsMax - 1; index += 1) lines.say(to(index), true, nothing);
  for (let count = 1; count < tellLimits.perRoomMax; count += 1) lines.say(to(0), true, nothing);
  expect(lines.refusalOf(to(0), 1)).toBe("line-full");
  lines.refuse(to(0));
  expect(lines.readyAgain()).toEqual([]);
  const half = lines.waitingFor(to(0), tellLimits.perRoomMax, 1);
  expect(half).toEqual([]);
  lines.allDurable();
  const waiting = lines.waitingFor(to(0), tellLimits.perRoomMax / 2, 1);
  lines.drop(to(0), waiting.at(-1)?.number ?? 0);
  expect(lines.readyAgain()).toEqual([to(0)]);
});

test("TELL-5: more rooms than may be waited for are refused all the same, and the room is not closed for it", () => {
  const lines = new SpokenLines();
  const news = Array.from({ length: tellLimits.roomsMax + 5 }, (_, index) => lines.refuse(to(index)));
  expect(news.filter(Boolean)).toHaveLength(tellLimits.roomsMax);
});

test("TELL-5: what waits for all rooms together is bounded in bytes", () => {
  const lines = new SpokenLines();
  let index = 0;
  while (lines.refusalOf(to(index), 1_000_000) === undefined) {
    lines.say(to(index), false, new Uint8Array(1_000_000));
    index += 1;
  }
  expect(index).toBe(Math.floor(tellLimits.bytesMax / (1_000_000 + tellLimits.itemOverheadBytes)));
  lines.drop(to(0), Number.MAX_SAFE_INTEGER);
  expect(lines.refusalOf(to(0), 1_000_000)).toBeUndefined();
});
