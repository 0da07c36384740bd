import { describe, expect, it } from "vitest";
import type { Client } from "../../../../load/bench/generator/client.ts";
import { CrowdTalk } from "../../../../load/bench/generator/crowd-talk.ts";

const frame = Buffer.from("frame");

/** Members of rooms in turn, which write down what they say. */
function crowdOf(rooms: number, clients: number, scripts: readonly (readonly Buffer[])[] = []) {
  const said: string[] = [];
  const all = Array.from({ length: clients }, (_none, index) => {
    const client = { roomIndex: index % rooms, send: (frames: Uint8Array) => said.push(`${index} ${frames}`) };
    return client as unknown as Client;
  });
  const talk = new CrowdTalk(all, frame, scripts);
  const answer = (index: number, count = 1): void => talk.answered(all[index] as Client, count);
  const take = (): string[] => said.splice(0);
  return { talk, answer, take };
}

describe("who speaks in a crowd", () => {
  it("each: so many in flight per client, and one more for each answer, in one write", () => {
    const { talk, answer, take } = crowdOf(1, 2);
    talk.begin({ who: "each", inFlight: 2 });
    expect(take()).toEqual(["0 frameframe", "1 frameframe"]);
    answer(1, 2);
    expect(take()).toEqual(["1 frameframe"]);
    expect([talk.sent, talk.received]).toEqual([6, 2]);
  });

  it("turns: so many in flight in all, and the next client in line for each answer", () => {
    const { talk, answer, take } = crowdOf(1, 3);
    talk.begin({ who: "turns", inFlight: 2 });
    expect(take()).toEqual(["0 frame", "1 frame"]);
    answer(0);
    answer(1);
    expect(take()).toEqual(["2 frame", "0 frame"]);
    expect(talk.sent - talk.received).toBe(2);
  });

  it("rooms: the first of each room, when all of that room have what it said", () => {
    const { talk, answer, take } = crowdOf(2, 4);
    talk.begin({ who: "rooms", hear: "all" });
    expect(take()).toEqual(["0 frame", "1 frame"]);
    answer(2);
    expect(take()).toEqual([]);
    answer(0);
    expect(take()).toEqual(["0 frame"]);
    expect(talk.roomMs).toHaveLength(1);
  });

  it("rooms: what comes back to the speaker does not count where only others are to hear it", () => {
    const { talk, answer, take } = crowdOf(1, 3);
    talk.begin({ who: "rooms", hear: "others" });
    take();
    answer(0, 2);
    answer(1);
    expect(take()).toEqual([]);
    answer(2);
    expect(take()).toEqual(["0 frame"]);
  });

  it("rooms: speakers follow their script, and it is an error when that is too short", () => {
    const { talk, answer, take } = crowdOf(1, 2, [[Buffer.from("one"), Buffer.from("two")]]);
    talk.begin({ who: "rooms", hear: "others" });
    answer(1);
    expect(take()).toEqual(["0 one", "0 two"]);
    expect(() => answer(1)).toThrow("only 2 messages");
  });

  it("nobody: answers are counted, and nothing more is said", () => {
    const { talk, answer, take } = crowdOf(1, 1);
    talk.begin({ who: "each", inFlight: 1 });
    take();
    talk.begin({ who: "nobody" });
    answer(0);
    expect(take()).toEqual([]);
    expect([talk.sent, talk.received]).toEqual([1, 1]);
  });
});
