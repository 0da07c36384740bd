import { expect } from "vitest";
import type { Room, RoomContext } from "../../gateway/room/sdk.ts";
import { bytesOf, textOf } from "./cluster-of.ts";
import type { VirtualClient } from "./virtual-client.ts";
import type { VirtualCluster } from "./virtual-cluster.ts";

/**
 * A room that notices whatever is lost, doubled or reordered on the way up, and lets its members notice it on the way down. Members
 * say 1, 2, 3, …; everybody gets `<place in the room> <session> <number>`.
 */
export function lineRoom(room: RoomContext): Room {
  let total = 0;
  return {
    onJoin: (session) => {
      session.attachment = { next: 1 };
      session.send(`joined ${session.id} ${total}`);
    },
    onMessage: (session, message) => {
      const place = session.attachment as { next: number };
      if (message.text() !== String(place.next)) room.broadcast(`FAULT ${place.next} ${message.text()}`);
      // A new object each time: what a move carries must be this one.
      session.attachment = { next: place.next + 1 };
      total += 1;
      room.broadcast(`${total} ${session.id} ${message.text()}`);
    },
    snapshot: () => bytesOf(String(total)),
    restore: (bytes) => {
      total = Number(textOf(bytes));
    },
  };
}

/** A client of a {@link lineRoom}. */
export class LineSpeaker {
  readonly client: VirtualClient;
  said = 0;

  constructor(client: VirtualClient) {
    this.client = client;
  }

  say(): void {
    this.said += 1;
    this.client.say(String(this.said));
  }
}

/** Two members in one room, at two gateways. */
export async function speakersIn(world: VirtualCluster, room: string): Promise<LineSpeaker[]> {
  const speakers = [new LineSpeaker(await world.client("g1", room)), new LineSpeaker(await world.client("g2", room))];
  await world.advance(200);
  return speakers;
}

/** All of them speak on while time passes. */
export async function speak(
  world: VirtualCluster,
  speakers: readonly LineSpeaker[],
  ms: number,
  everyMs = 5,
): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += everyMs) {
    for (const speaker of speakers) speaker.say();
    await world.advance(everyMs);
  }
}

/**
 * Everything that was said by anybody has come to everybody once and in one order, and nobody was closed. Those of `gone` have
 * left by themselves: what they said counts.
 */
export function expectOneLine(speakers: readonly LineSpeaker[], gone: ReadonlySet<LineSpeaker> = new Set()): void {
  const total = speakers.reduce((sum, { said }) => sum + said, 0);
  const faults = speakers.filter((one) => !gone.has(one)).flatMap((speaker) => faultsOf(speaker, total));
  expect(faults.join("; ")).toBe("");
}

/** What one member has to complain about; for each member the first of it. */
function faultsOf({ client, said }: LineSpeaker, total: number): string[] {
  const { frames, closeCode } = client;
  const [joined = "", ...lines] = frames;
  const [word, id, before] = joined.split(" ");
  if (closeCode !== undefined) return [`${id} was closed with ${closeCode}`];
  if (word !== "joined") return [`a member has heard "${joined}" first`];
  let place = Number(before);
  let mine = 0;
  for (const line of lines) {
    const [heard, who, number] = line.split(" ");
    place += 1;
    if (heard !== String(place)) return [`${id} has heard "${line}" in the place of ${place}`];
    if (who !== id) continue;
    mine += 1;
    if (number !== String(mine)) return [`${id} has heard its own "${line}" in the place of ${mine}`];
  }
  if (place !== total) return [`${id} has heard up to ${place} of ${total}, having joined at ${before}`];
  return mine === said ? [] : [`${id} has said ${said} and heard ${mine} of it`];
}
