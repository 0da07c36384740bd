import { describe, expect, it } from "vitest";
import { applyUpdate, Doc } from "yjs";
import { clientFrame, opcodes } from "../../../../load/bench/generator/client-frames.ts";
import { type DialectName, dialects } from "../../../../load/bench/generator/dialect.ts";
import { typedUpdates } from "../../../../load/bench/generator/typed-updates.ts";

function hear(dialect: DialectName, opcode: number, content: string | readonly number[]) {
  const payload = typeof content === "string" ? Buffer.from(content) : Buffer.from(content);
  // Somewhere in a larger read.
  const bytes = Buffer.concat([Buffer.from("before"), payload, Buffer.from("behind")]);
  return dialects[dialect].hear(opcode, bytes, "before".length, payload.length);
}

const { text, binary, ping, close } = opcodes;

describe("what clients of each contender make of a frame", () => {
  it.each([
    ["plain", text, "x", "data"],
    ["plain", binary, [], "data"],
    ["plain", close, [], "closed"],
    ["socket.io", text, `42["m","x"]`, "data"],
    ["socket.io", text, `40{"sid":"x"}`, "ready"],
    ["socket.io", text, `41`, "other"],
    ["colyseus", binary, [13, 0xa1, 109], "data"],
    ["colyseus", binary, [10, 0], "ready"],
    ["colyseus", binary, [15], "other"],
    ["y-websocket", binary, [0, 2, 0], "data"],
    ["y-websocket", binary, [0, 0, 0], "other"],
    ["y-websocket", binary, [1, 0], "other"],
    ["hocuspocus", binary, [1, 100, 0, 2, 0], "data"],
    ["hocuspocus", binary, [1, 100, 2, 2, 0], "ready"],
    ["hocuspocus", binary, [1, 100, 8, 1], "other"],
  ] as const)("%s, opcode %i, %j: %s", (dialect, opcode, content, kind) => {
    expect(hear(dialect, opcode, content).kind).toBe(kind);
  });

  it("answers pings of the protocol with what they held, and those of Socket.IO and its opening in kind", () => {
    expect(hear("plain", ping, "ab").reply).toEqual(clientFrame(opcodes.pong, Buffer.from("ab")));
    expect(hear("socket.io", text, "2").reply).toEqual(clientFrame(text, Buffer.from("3")));
    expect(hear("socket.io", text, `0{"sid":"x"}`).reply).toEqual(clientFrame(text, Buffer.from("40")));
    expect(hear("colyseus", binary, [10, 0]).reply).toEqual(clientFrame(binary, Buffer.from([10])));
  });
});

describe("the script of a document", () => {
  it("changes the document of whoever takes it in order, a character each", () => {
    const doc = new Doc();
    const updates = typedUpdates();
    for (const update of updates.slice(0, 500)) applyUpdate(doc, update);
    expect(doc.getText("text").length).toBe(500);
    expect(updates).toHaveLength(20_000);
    expect(Math.max(...updates.map(({ length }) => length))).toBeLessThan(128);
  });
});
