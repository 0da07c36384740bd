import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRoomPath } from "../../../gateway/edge/room-path.ts";

describe("parseRoomPath", () => {
  test.each([
    ["/rooms/echo/r", "echo/r"],
    ["/rooms/echo/A-Z_a.z~0:9", "echo/A-Z_a.z~0:9"],
    ["/rooms/echo/%41%3A", "echo/A:"],
    [`/rooms/echo/${"x".repeat(128)}`, `echo/${"x".repeat(128)}`],
  ])("%s is a room", (path, room) => {
    expect(parseRoomPath(path)).toEqual({ kind: "room", app: "echo", room });
  });

  test.each([
    "/rooms/echo/",
    "/rooms/echo",
    "/rooms/",
    "/rooms/echo/r/",
    "/rooms/echo/r/s",
    "/rooms/echo/%2F",
    "/rooms/echo/a%2Fb",
    "/rooms/echo/%",
    "/rooms/echo/%4",
    "/rooms/echo/%zz",
    "/rooms/echo/%ff",
    "/rooms/echo/%C3%A4",
    "/rooms/echo/a b",
    "/rooms/echo/a+b",
    "/rooms/echo/%2541",
    "/rooms/echo/a%00",
    `/rooms/echo/${"x".repeat(129)}`,
  ])("%s is none", (path) => {
    expect(parseRoomPath(path).kind).toBe("bad");
  });

  test("what is not below /rooms/ is left to others", () => {
    for (const path of ["/", "/rooms", "/Rooms/echo/r", "/x/rooms/echo/r", ""]) {
      expect(parseRoomPath(path)).toEqual({ kind: "none" });
    }
  });

  test("an app that nobody can have is told apart from a bad room", () => {
    expect(parseRoomPath("/rooms/ECHO/r")).toMatchObject({ kind: "room", app: "ECHO" });
    expect(parseRoomPath("/rooms//r")).toMatchObject({ kind: "room", app: "" });
    expect(parseRoomPath("/rooms/ECHO/a b").kind).toBe("bad");
  });

  test("any path gives an answer, and a room only in its one form", () => {
    fc.assert(
      fc.property(fc.string(), (rest) => {
        const parsed = parseRoomPath(`/rooms/echo/${rest}`);
        if (parsed.kind === "room") expect(parsed.room).toMatch(/^echo\/[A-Za-z0-9._~:-]{1,128}$/);
        else expect(parsed.kind).toBe("bad");
      }),
    );
  });
});
