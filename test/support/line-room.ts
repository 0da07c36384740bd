import { expect } from "vitest";
import type { Room, RoomContext } from "../../gateway/room/sdk.ts";
import { bytesOf, textOf } from "./cluster-of.ts";
import type { VirtualClient } from "./virtual-client.ts";

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

/** Everything that was said by anybody has come to everybody once and in one order, and nobody was closed. */
export function expectOneLine(speakers: readonly LineSpeaker[]): void {
  const total = speakers.reduce((sum, { said }) => sum + said, 0);
  for (const speaker of speakers) {
    const { frames, closeCode } = speaker.client;
    expect(closeCode).toBeUndefined();
    const [joined = "", ...lines] = frames;
    expect(joined).toMatch(/^joined /);
    const [, id, before] = joined.split(" ");
    const heard = lines.map((line) => line.split(" "));
    expect(heard.map(([place]) => place)).toEqual(
      Array.from({ length: total - Number(before) }, (_, index) => String(Number(before) + index + 1)),
    );
    const mine = heard.filter(([, who]) => who === id).map(([, , number]) => number);
    expect(mine).toEqual(Array.from({ length: speaker.said }, (_, index) => String(index + 1)));
  }
}
