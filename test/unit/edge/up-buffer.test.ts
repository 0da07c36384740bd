import { describe, expect, test } from "vitest";
import { itemOverheadBytes, UpBuffer } from "../../../gateway/edge/up-buffer.ts";
import { bytesOf } from "../../support/edge/edge-fixture.ts";

const limits = { holdFramesMax: 4, holdBytesMax: 10 };
const roomy = { holdFramesMax: 10_000, holdBytesMax: 1_000_000 };

function say(buffer: UpBuffer, text: string, within = limits): boolean {
  return buffer.pushMessage(bytesOf(text), true, within);
}

/** Takes all that is unsent: `cseq:what`. */
function send(buffer: UpBuffer): string[] {
  const sent: string[] = [];
  for (let item = buffer.peekUnsent(); item !== undefined; item = buffer.peekUnsent()) {
    const what = item.kind === "message" ? Buffer.from(item.payload).toString() : item.kind;
    sent.push(`${buffer.nextCseq}:${what}`);
    buffer.takeUnsent();
  }
  return sent;
}

describe("UpBuffer", () => {
  test("GATE-1: items are numbered from the join on, without a hole", () => {
    const buffer = new UpBuffer();
    buffer.pushJoin();
    say(buffer, "a");
    say(buffer, "b");
    buffer.pushLeave(1000);
    expect(send(buffer)).toEqual(["1:join", "2:a", "3:b", "4:leave"]);
    expect(buffer.last).toBe(4);
    expect(buffer.hasUnsent).toBe(false);
  });

  test("GATE-1: keeps its own copy of a message", () => {
    const buffer = new UpBuffer();
    const bytes = bytesOf("abc");
    buffer.pushMessage(bytes, true, limits);
    bytes.fill(0);
    expect(send(buffer)).toEqual(["1:abc"]);
  });

  test("an ack frees what the window counted, once, and never what was not sent", () => {
    const buffer = new UpBuffer();
    buffer.pushJoin();
    say(buffer, "abc");
    say(buffer, "de");
    buffer.takeUnsent();
    buffer.takeUnsent();
    expect(buffer.ack(2)).toBe(2 * itemOverheadBytes + 3);
    expect(buffer.ack(2)).toBe(0);
    expect(buffer.ack(1)).toBe(0);
    expect(buffer.ack(3)).toBe(0);
    expect(send(buffer)).toEqual(["3:de"]);
    expect(buffer.bytes).toBe(2);
  });

  test("GATE-3: takes no message beyond its frames or its bytes, but always the leave", () => {
    const byFrames = new UpBuffer();
    for (const text of ["a", "b", "c", "d"]) expect(say(byFrames, text)).toBe(true);
    expect(say(byFrames, "e")).toBe(false);
    const byBytes = new UpBuffer();
    expect(say(byBytes, "0123456789")).toBe(true);
    expect(say(byBytes, "")).toBe(true);
    expect(say(byBytes, "a")).toBe(false);
    byFrames.pushLeave(1013);
    expect(send(byFrames)).toEqual(["1:a", "2:b", "3:c", "4:d", "5:leave"]);
  });

  test("an ack makes room again", () => {
    const buffer = new UpBuffer();
    for (const text of ["a", "b", "c", "d"]) say(buffer, text);
    send(buffer);
    buffer.ack(1);
    expect(say(buffer, "e")).toBe(true);
    expect(say(buffer, "f")).toBe(false);
  });

  test("GATE-2: a rewind sends again exactly what is above the room's position", () => {
    const buffer = new UpBuffer();
    buffer.pushJoin();
    for (const text of ["a", "b", "c"]) say(buffer, text);
    send(buffer);
    expect(buffer.rewindTo(2)).toBe(true);
    expect(buffer.acked).toBe(2);
    expect(send(buffer)).toEqual(["3:b", "4:c"]);
    // A later owner can stand lower than what was said to be received, but not lower than what was acknowledged.
    expect(buffer.rewindTo(1)).toBe(true);
    expect(send(buffer)).toEqual(["3:b", "4:c"]);
  });

  test("GATE-2: position 0 after acks joins again under the number that was acknowledged last", () => {
    const buffer = new UpBuffer();
    buffer.pushJoin();
    for (const text of ["a", "b", "c"]) say(buffer, text);
    send(buffer);
    buffer.ack(3);
    expect(buffer.joinPending).toBe(false);
    buffer.rewindTo(0);
    expect(buffer.joinPending).toBe(true);
    expect(send(buffer)).toEqual(["3:join", "4:c"]);
    // Once more before it was acknowledged: still one join.
    buffer.rewindTo(0);
    expect(send(buffer)).toEqual(["3:join", "4:c"]);
    buffer.ack(3);
    expect(buffer.joinPending).toBe(false);
    expect(buffer.acked).toBe(3);
  });

  test("position 0 before the first ack sends the first join again", () => {
    const buffer = new UpBuffer();
    buffer.pushJoin();
    say(buffer, "a");
    send(buffer);
    buffer.rewindTo(0);
    expect(send(buffer)).toEqual(["1:join", "2:a"]);
  });

  test("a position above everything said is not believed", () => {
    const buffer = new UpBuffer();
    buffer.pushJoin();
    expect(buffer.rewindTo(2)).toBe(false);
    expect(buffer.rewindTo(1)).toBe(true);
    expect(buffer.count).toBe(0);
  });

  test("clear frees what was sent and forgets the rest", () => {
    const buffer = new UpBuffer();
    buffer.pushJoin();
    say(buffer, "abc");
    buffer.takeUnsent();
    expect(buffer.clear()).toBe(itemOverheadBytes);
    expect(buffer.count).toBe(0);
    expect(buffer.bytes).toBe(0);
    expect(buffer.hasUnsent).toBe(false);
  });

  test("keeps its order while it grows, wraps and is let go", () => {
    const buffer = new UpBuffer();
    let said = 0;
    let acked = 0;
    for (let round = 1; round <= 40; round += 1) {
      for (let index = 0; index < round; index += 1) {
        said += 1;
        expect(say(buffer, String(said), roomy)).toBe(true);
      }
      expect(send(buffer)).toEqual(
        Array.from({ length: round }, (_, index) => `${said - round + index + 1}:${said - round + index + 1}`),
      );
      acked = round % 3 === 0 ? said : acked;
      buffer.ack(acked);
      expect(buffer.count).toBe(said - acked);
    }
  });

  test("says nothing while it holds only a join and a leave", () => {
    const buffer = new UpBuffer();
    buffer.pushJoin();
    buffer.pushLeave(1000);
    expect(buffer.saysNothing).toBe(true);
    const other = new UpBuffer();
    other.pushJoin();
    say(other, "a");
    expect(other.saysNothing).toBe(false);
  });
});
