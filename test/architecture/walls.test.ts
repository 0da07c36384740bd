import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  holdsNoModuleState,
  isWellNamed,
  keepsPure,
  keepsWalls,
  knowsRoots,
  linesMax,
  pureParts,
  type Rule,
  staysShort,
  usesPackageByName,
} from "./rules.ts";
import { readSources, scan } from "./source-scan.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sources = ["gateway", "demo-game", "demo-editor", "load"].flatMap((folder) => readSources(root, folder));

/** Findings of a rule in one file that does not exist. */
const judge = (rule: Rule, path: string, text: string): string[] => rule([scan(path, text)]);

describe("the walls of this repository", () => {
  it("has sources to look at", () => {
    expect(sources.length).toBeGreaterThan(50);
    const paths = sources.map(({ path }) => path);
    for (const part of pureParts) expect(paths.some((path) => path.startsWith(part))).toBe(true);
  });

  it("reads every source to its end: brackets come out even", () => {
    for (const { path, tokens } of sources) {
      expect.soft(tokens.at(-1)?.depth ?? 0, path).toBe(0);
      expect.soft(Math.min(0, ...tokens.map((token) => token.depth)), path).toBe(0);
    }
  });

  it.each<[string, Rule]>([
    ["ARCH-1: folders know only those that they may know", keepsWalls],
    ["ARCH-2: no file lies outside of the known folders and roots", knowsRoots],
    ["ARCH-3: demos and load use the package by name", usesPackageByName],
    ["ARCH-4: pure parts have no clock, no chance, no input or output", keepsPure],
    ["ARCH-5: no module holds state", holdsNoModuleState],
    ["ARCH-6: files end at 400 lines", staysShort],
    ["ARCH-7: names are kebab-case and say something", isWellNamed],
  ])("%s", (_, rule) => {
    expect(rule(sources)).toEqual([]);
  });
});

describe("ARCH-1 can fail", () => {
  it.each([
    ["gateway/wire/frames.ts", `import { a } from "../cluster/a.ts";`],
    ["gateway/wire/frames.ts", `import type { Store } from "../store/port.ts";`],
    ["gateway/cluster/a.ts", `import { parseRoomKey } from "../wire/ids.ts";`],
    ["gateway/cluster/a.ts", `import { type RoomKey, parseRoomKey } from "../wire/ids.ts";`],
    ["gateway/cluster/a.ts", `import type { Frame } from "../wire/frames.ts";`],
    ["gateway/edge/a.ts", `import { b } from "../room/b.ts";`],
    ["gateway/edge/a.ts", `export { b } from "../room/b.ts";`],
    ["gateway/edge/a.ts", `export * from "../room/b.ts";`],
    ["gateway/edge/a.ts", `export type { B } from "../room/b.ts";`],
    ["gateway/edge/a.ts", `import "../room/b.ts";`],
    ["gateway/edge/a.ts", `const b = await import("../room/b.ts");`],
    ["gateway/edge/a.ts", `import {\n  b,\n  // from "./c.ts"\n  c,\n} from "../room/b.ts";`],
    ["gateway/edge/a.ts", `import { open } from "../store/lmdb/open.ts";`],
    ["gateway/room/a.ts", `import { b } from "../edge/b.ts";`],
    ["gateway/room/a.ts", `import { serveRooms } from "../serve.ts";`],
    ["gateway/store/lmdb/a.ts", `import type { Link } from "../../wire/link.ts";`],
    ["gateway/store/lmdb/a.ts", `import { b } from "../memory/b.ts";`],
    ["gateway/store/lmdb/a.ts", `import { b } from "../open.ts";`],
    ["gateway/store/open.ts", `import { b } from "../cluster/b.ts";`],
    ["gateway/ops/a.ts", `import { b } from "../edge/b.ts";`],
    ["gateway/ops/a.ts", `import { b } from "../edge/listener.ts";`],
    ["gateway/client/a.ts", `import { b } from "../edge/b.ts";`],
    ["gateway/ops/a.ts", `import { main } from "../main.ts";`],
    ["gateway/serve.ts", `import { main } from "./main.ts";`],
    ["gateway/serve.ts", `import { rooms } from "../demo-game/server/rooms.ts";`],
    ["gateway/nowhere/a.ts", `import { b } from "../wire/b.ts";`],
  ])("in %s: %s", (path, text) => {
    expect(judge(keepsWalls, path, text)).toHaveLength(1);
  });

  it.each([
    ["gateway/cluster/a.ts", `import type { RoomKey } from "../wire/ids.ts"; import { b } from "./b.ts";`],
    ["gateway/cluster/a.ts", `import { type RoomKey, type ServerId } from "../wire/ids.ts";`],
    ["gateway/edge/a.ts", `import { b } from "../wire/b.ts"; import type { Store } from "../store/port.ts";`],
    ["gateway/edge/a.ts", `// import { b } from "../room/b.ts";\n/* import "../room/b.ts"; */`],
    ["gateway/edge/a.ts", 'const text = `import "../room/b.ts"`; const more = \'import("../room/b.ts")\';'],
    ["gateway/edge/a.ts", `const pattern = /import "/; const b = "../room/b.ts"; export { pattern }; `],
    ["gateway/store/lmdb/a.ts", `import type { Store } from "../port.ts"; import { b } from "./b.ts";`],
    ["gateway/store/lmdb/a.ts", `import { RoomgateError } from "../../wire/errors.ts";`],
    ["gateway/store/open.ts", `import { b } from "./lmdb/b.ts";`],
    ["gateway/main.ts", `import { a } from "./edge/a.ts"; import { b } from "./serve.ts";`],
    ["gateway/ops/a.ts", `const modules = await import(path); const here = import.meta.url;`],
  ])("and lets pass in %s: %s", (path, text) => {
    expect(judge(keepsWalls, path, text)).toEqual([]);
  });
});

describe("ARCH-2 can fail", () => {
  it.each(["gateway/other.ts", "gateway/shared/a.ts"])("for %s", (path) => {
    expect(judge(knowsRoots, path, "")).toHaveLength(1);
  });
});

describe("ARCH-3 can fail", () => {
  it.each([
    ["demo-game/server/rooms.ts", `import { Room } from "../../gateway/room/sdk.ts";`],
    ["demo-game/server/rooms.ts", `import type { Room } from "../../gateway/room/sdk.ts";`],
    ["demo-editor/page/main.ts", `import { a } from "../../dist/gateway/index.js";`],
    ["demo-editor/page/main.ts", `import { a } from "roomgate/dist/gateway/index.js";`],
    ["load/rooms.ts", `import { a } from "../gateway/serve.ts";`],
    ["load/rooms.ts", `import { a } from "../gateway/main.ts";`],
    ["load/k6/wire-bench.ts", `import { a } from "../../gateway/serve.ts";`],
  ])("in %s: %s", (path, text) => {
    expect(judge(usesPackageByName, path, text)).toHaveLength(1);
  });

  it.each([
    ["demo-game/server/rooms.ts", `import { Room } from "roomgate/room"; import { a } from "./world.ts";`],
    ["load/wire-bench.ts", `import { a } from "../gateway/wire/batch-reader.ts";`],
  ])("and lets pass in %s: %s", (path, text) => {
    expect(judge(usesPackageByName, path, text)).toEqual([]);
  });
});

describe("ARCH-4 can fail", () => {
  it.each([
    "const now = Date.now();",
    "const now = new Date();",
    "const now = performance.now();",
    "const chance = Math.random();",
    `const text = \`at \${Date.now()}\`;`,
    "setTimeout(() => {}, 1);",
    "setInterval(task, 1);",
    "setImmediate(task);",
    "const bytes = crypto.getRandomValues(new Uint8Array(1));",
    "const name = process.env.NAME;",
    'console.log("x");',
    'await fetch("http://localhost");',
    "const clock = isReal ? Date : undefined;",
    'import { readFileSync } from "node:fs";',
    'import { connect } from "net";',
    'import { randomBytes } from "node:crypto";',
    'import { createHmac, randomUUID } from "node:crypto";',
    'import * as crypt from "node:crypto";',
    'import { WebSocketServer } from "ws";',
    "const later = await import(path);",
  ])("for %s", (text) => {
    for (const path of ["gateway/cluster/a.ts", "gateway/wire/batch-reader.ts"]) {
      expect(judge(keepsPure, path, text)).toHaveLength(1);
    }
  });

  it("for what a pure part imports", () => {
    const pure = scan("gateway/wire/handshake.ts", `import { now } from "./clock.ts";`);
    const impure = scan("gateway/wire/clock.ts", "export const now = () => Date.now();");
    expect(keepsPure([pure, impure])).toHaveLength(1);
    expect(keepsPure([impure])).toEqual([]);
  });

  it.each([
    'import { createHmac, type KeyObject } from "node:crypto";',
    'import type { Socket } from "node:net";',
    "export interface Process { readonly process: number; readonly fetch?: boolean }",
    "const at = member.process; // Date.now()",
    'const text = "Date.now()";',
    "const most = Math.max(1, 2);",
  ])("and lets pass: %s", (text) => {
    expect(judge(keepsPure, "gateway/cluster/a.ts", text)).toEqual([]);
  });
});

describe("ARCH-5 can fail", () => {
  it.each([
    "let count = 0;",
    "export let count = 0;",
    "var count = 0;",
    "const rooms = new Map<string, number>();",
    "const rooms: Map<string, () => void> = new Map();",
    "export const names = new Set();",
    "const cache = new WeakMap();",
    "const list = new Array(3);",
    "const list: string[] = [];",
    "const table: Record<string, number> = {};",
    'function f() { return "}"; }\nlet after = /[}]/;',
  ])("for %s", (text) => {
    expect(judge(holdsNoModuleState, "gateway/edge/a.ts", text)).toHaveLength(1);
  });

  it.each([
    "const rooms: ReadonlyMap<string, number> = new Map([]);",
    "const names: ReadonlySet<string> = new Set();",
    "const none: readonly never[] = [];",
    "const step = 3; const table = { a: 1 } as const; const none: readonly string[] = [];",
    "function f() { let count = 0; const rooms = new Map(); return { count, rooms }; }",
    "class Room { readonly #members = new Map(); }",
    `const text = \`\${[1].map((n) => { let m = n; return m; })}\`;`,
  ])("and lets pass: %s", (text) => {
    expect(judge(holdsNoModuleState, "gateway/edge/a.ts", text)).toEqual([]);
  });
});

describe("ARCH-6 can fail", () => {
  it("for 401 lines, not for 400", () => {
    expect(judge(staysShort, "gateway/edge/a.ts", "a();\n".repeat(linesMax))).toEqual([]);
    expect(judge(staysShort, "gateway/edge/a.ts", "a();\n".repeat(linesMax + 1))).toHaveLength(1);
    expect(judge(staysShort, "demo-game/page/a.ts", "a();\n".repeat(linesMax + 1))).toEqual([]);
  });
});

describe("ARCH-7 can fail", () => {
  it.each(["gateway/edge/upBuffer.ts", "gateway/edge/up_buffer.ts", "gateway/Edge/a.ts", "load/utils.ts"])(
    "for %s",
    (path) => {
      expect(judge(isWellNamed, path, "")).toHaveLength(1);
    },
  );

  it.each(["gateway/room/room-manager.ts", "gateway/helpers/a.ts", "demo-game/page/math-util.ts"])("for %s", (path) => {
    expect(judge(isWellNamed, path, "")).toHaveLength(1);
  });

  it.each(["gateway/edge/up-buffer.ts", "demo-game/page/vite.config.ts", "gateway/store/lmdb/keys.ts"])(
    "and lets pass %s",
    (path) => {
      expect(judge(isWellNamed, path, "")).toEqual([]);
    },
  );
});
