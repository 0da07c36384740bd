import { builtinModules } from "node:module";
import type { Import, Source, Token } from "./source-scan.ts";

/** Each rule answers its findings as `path:line: what is wrong`; none where the sources keep it. */
export type Rule = (sources: readonly Source[]) => string[];

const finding = (source: Source, line: number, problem: string): string => `${source.path}:${line}: ${problem}`;

const isBelow = (path: string, places: readonly string[]): boolean =>
  places.some((place) => (place.endsWith("/") ? path.startsWith(place) : path === place));

interface Wall {
  /** Folders (with `/`) and files that may be imported. */
  readonly open: readonly string[];
  /** Files of which types may be imported. */
  readonly openToTypes: readonly string[];
}

const port = "gateway/store/port.ts";
/** The heartbeat of a process: the thin shell around `cluster/membership.ts`, shared by all kinds of processes. */
const memberAgent = "gateway/store/member-agent.ts";
/** The bounds that whoever uses a store gives it. */
const boundedStore = "gateway/store/bounded-store.ts";
const portWords = ["gateway/wire/ids.ts", "gateway/wire/errors.ts", "gateway/wire/runtime.ts"];

/** Who may know whom within `gateway/`. Everybody knows the own folder. */
const walls: Readonly<Record<string, Wall>> = {
  wire: { open: [], openToTypes: [] },
  cluster: { open: [], openToTypes: ["gateway/wire/ids.ts"] },
  edge: { open: ["gateway/wire/", "gateway/cluster/", port, memberAgent, boundedStore], openToTypes: [] },
  room: { open: ["gateway/wire/", "gateway/cluster/", port, memberAgent, boundedStore], openToTypes: [] },
  store: { open: portWords, openToTypes: [] },
  // Its pages and requests are shaped by the ports of the two sides that it serves.
  ops: {
    open: ["gateway/wire/", "gateway/cluster/", port, memberAgent],
    openToTypes: ["gateway/edge/listener.ts", "gateway/room/sdk.ts", "gateway/room/turn-marker.ts"],
  },
  client: { open: ["gateway/wire/"], openToTypes: [] },
};

/** Files that put the others together, and entries of the package. Only the package's users and the command line reach them. */
const roots = [
  "gateway/main.ts",
  "gateway/serve.ts",
  "gateway/index.ts",
  "gateway/process-context.ts",
  ...["server", "gateway", "admin", "cluster", "turn-watchdog"].map((part) => `gateway/run-${part}.ts`),
];

/** ARCH-1: folders of the gateway know only those that DESIGN 9 lets them know. */
export const keepsWalls: Rule = (sources) =>
  sources
    .filter((source) => source.path.startsWith("gateway/"))
    .flatMap((source) =>
      source.imports.flatMap((found) => {
        const { target } = found;
        if (target === undefined || isOpen(source.path, target, found)) return [];
        return [finding(source, found.line, `may not import ${found.isTypeOnly ? "types of " : ""}${target}`)];
      }),
    );

function isOpen(path: string, target: string, { isTypeOnly }: Import): boolean {
  if (target === "gateway/main.ts") return false;
  const [, folder = "", ...below] = path.split("/");
  // A file beside the folders puts them together. Which files may do that is ARCH-2's business.
  if (below.length === 0) return target.startsWith("gateway/");
  const wall = path === memberAgent ? { open: ["gateway/wire/", "gateway/cluster/"], openToTypes: [] } : walls[folder];
  if (wall === undefined) return false;
  // An engine is a folder in `store`, and knows the port and itself.
  const home = folder === "store" && below.length > 1 ? `gateway/store/${below[0]}/` : `gateway/${folder}/`;
  return (
    isBelow(target, [home, ...wall.open]) ||
    (home !== `gateway/${folder}/` && target === port) ||
    (isTypeOnly && isBelow(target, wall.openToTypes))
  );
}

/** ARCH-2: `gateway/` has no files beside its folders but the ones that are known to put the others together. */
export const knowsRoots: Rule = (sources) =>
  sources
    .filter(({ path }) => path.startsWith("gateway/") && !roots.includes(path))
    .filter(({ path }) => walls[path.split("/")[1] ?? ""] === undefined)
    .map((source) => finding(source, 1, "belongs to no known folder and is no composition root"));

const packageEntries = ["roomgate", "roomgate/room", "roomgate/client"];

/** ARCH-3: demos and load use only what the package exports, by name. Micro benchmarks (`load/*-bench.ts`) may look inside. */
export const usesPackageByName: Rule = (sources) =>
  sources
    .filter(({ path }) => !path.startsWith("gateway/") && !/^load\/[^/]+-bench\.ts$/.test(path))
    .flatMap((source) =>
      source.imports.flatMap(({ specifier, target, line }) => {
        const isInside = target?.startsWith("gateway/") === true || target?.startsWith("dist/") === true;
        const isUnknownEntry = specifier?.startsWith("roomgate") === true && !packageEntries.includes(specifier);
        return isInside || isUnknownEntry ? [finding(source, line, `may not import ${specifier}`)] : [];
      }),
    );

const pureWire = [
  "ids",
  "close-codes",
  "frames",
  "control",
  "control-codec",
  "batch-reader",
  "batch-writer",
  "handshake",
];
/** Decisions and codecs: no clock, no chance, no input or output. What they import is held to the same. */
export const pureParts = ["gateway/cluster/", ...pureWire.map((name) => `gateway/wire/${name}.ts`)];

const impureGlobals = new Set([
  ...["Date", "performance", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"],
  ...["process", "console", "fetch", "crypto", "globalThis", "require", "WebSocket", "XMLHttpRequest", "navigator"],
]);
/** Functions of their arguments, as little else in this module is. */
const pureCrypto = new Set(["createHash", "createHmac", "createSecretKey", "timingSafeEqual", "hkdfSync"]);
const pureModules = new Set(["node:assert", "node:buffer", "zod", "msgpackr"]);

/** ARCH-4: pure parts, and what they are made of, have no clock, no chance and no input or output. */
export const keepsPure: Rule = (sources) =>
  [
    ...closureOf(
      sources.filter(({ path }) => isBelow(path, pureParts)),
      sources,
    ),
  ].flatMap((source) => [
    ...source.tokens.flatMap((token, at) =>
      isImpure(source.tokens, at) ? [finding(source, token.line, `${token.text} is not for pure parts`)] : [],
    ),
    ...source.imports
      .filter((found) => !found.isTypeOnly && !isPureImport(found))
      .map(({ specifier, line }) => finding(source, line, `${specifier ?? "a computed import"} is not for pure parts`)),
  ]);

/** `first` and all that they import, other than for types. */
function closureOf(first: readonly Source[], sources: readonly Source[]): Set<Source> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set(first);
  for (const source of reached) {
    for (const { target, isTypeOnly } of source.imports) {
      const next = target === undefined || isTypeOnly ? undefined : byPath.get(target);
      if (next !== undefined) reached.add(next);
    }
  }
  return reached;
}

function isPureImport({ specifier, names }: Import): boolean {
  if (specifier === undefined) return false;
  if (specifier.startsWith(".")) return true;
  if (specifier === "node:crypto" || specifier === "crypto") {
    return names.length > 0 && names.every((name) => pureCrypto.has(name));
  }
  if (specifier.startsWith("node:") || builtinModules.includes(specifier)) return pureModules.has(specifier);
  return pureModules.has(specifier);
}

function isImpure(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token?.kind !== "word") return false;
  const before = tokens[at - 1]?.text ?? "";
  const after = tokens[at + 1]?.text ?? "";
  if (before === ".") return token.text === "random" && tokens[at - 2]?.text === "Math";
  if (!impureGlobals.has(token.text)) return false;
  const isKey = after === ":" || (after === "?" && tokens[at + 2]?.text === ":");
  return !isKey || before === "?";
}

const mutableClasses = new Set(["Map", "Set", "WeakMap", "WeakSet", "Array"]);

/** ARCH-5: two of anything fit in one process: no module of the gateway holds state. */
export const holdsNoModuleState: Rule = (sources) =>
  sources
    .filter((source) => source.path.startsWith("gateway/"))
    .flatMap((source) =>
      source.tokens.flatMap((token, at) => {
        if (token.kind !== "word" || token.depth > 0) return [];
        if ([".", "as"].includes(source.tokens[at - 1]?.text ?? "")) return [];
        const name = source.tokens[at + 1]?.text;
        if (token.text === "let" || token.text === "var") {
          return [finding(source, token.line, `${token.text} ${name} is state of the module`)];
        }
        return token.text === "const" && isMutable(source.tokens, at)
          ? [finding(source, token.line, `${name} can be changed: give it a readonly type`)]
          : [];
      }),
    );

/** Whether the declaration at `at` makes a collection, or an empty array or object, without a readonly type. */
function isMutable(tokens: readonly Token[], at: number): boolean {
  const equals = tokens.findIndex((token, index) => index > at && token.text === "=" && token.depth === 0);
  if (equals < 0) return false;
  const type = tokens.slice(at + 2, equals).map((token) => token.text);
  if (/^(readonly|Readonly\w*)$/.test(type[1] ?? "")) return false;
  const [first, second, third] = [1, 2, 3].map((offset) => tokens[equals + offset]?.text ?? "");
  if (first === "new") return mutableClasses.has(second ?? "");
  return ((first === "[" && second === "]") || (first === "{" && second === "}")) && third !== "as";
}

export const linesMax = 400;

/** ARCH-6: a file of the gateway has one reason to exist, and 400 lines are the end of it. */
export const staysShort: Rule = (sources) =>
  sources
    .filter((source) => source.path.startsWith("gateway/") && source.lineCount > linesMax)
    .map((source) => finding(source, source.lineCount, `has more than ${linesMax} lines`));

const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const emptyNames = /^(utils?|helpers?|managers?)$/;

/** ARCH-7: names are kebab-case and say what is inside. */
export const isWellNamed: Rule = (sources) =>
  sources.flatMap((source) => {
    const parts = source.path.replace(/\.d\.ts$|\.[cm]?tsx?$/, "").split(/[/.]/);
    const words = parts.flatMap((part) => part.split("-"));
    return [
      ...parts.filter((part) => !kebab.test(part)).map((part) => finding(source, 1, `${part} is not kebab-case`)),
      ...words.filter((word) => emptyNames.test(word)).map((word) => finding(source, 1, `${word} says nothing`)),
    ];
  });
