import { describe, expect, it } from "vitest";
import { apps } from "../../../load/rooms.ts";
import { createFakeRoom } from "../../support/fake-room.ts";

const roomOf = (app: string) => {
  const definition = apps[app];
  if (definition === undefined) throw new Error(`no app ${app}`);
  expect(definition.durability).toBe("memory");
  return createFakeRoom((context) => definition.create(context));
};

describe("the app echo", () => {
  it("sends every frame back to its sender alone, as the type it came in", () => {
    const room = roomOf("echo");
    const [one, other] = [room.join(), room.join()];
    room.say(one, "hello ✓");
    room.say(one, new Uint8Array([0, 255, 1]));
    room.say(one, "");
    expect(one.received).toEqual(["hello ✓", new Uint8Array([0, 255, 1]), ""]);
    expect(other.received).toEqual([]);
  });
});

describe("the app fan", () => {
  it("sends every frame to all members, its sender too, as the type it came in", () => {
    const room = roomOf("fan");
    const [one, other] = [room.join(), room.join()];
    room.say(one, "a");
    room.say(other, new Uint8Array([7]));
    expect(one.received).toEqual(["a", new Uint8Array([7])]);
    expect(other.received).toEqual(["a", new Uint8Array([7])]);
  });
});
