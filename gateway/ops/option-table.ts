import { defaultClientLimits } from "../cluster/default-limits.ts";
import { defaultTiming } from "../cluster/timing.ts";
import { payloadBytesMax } from "../wire/frame-layout.ts";
import { parseServerId } from "../wire/ids.ts";
import { addressLengthMax } from "../wire/text-limits.ts";
import { choice, decimal, integer, type OptionRow, optionalText, text, textList, toggle } from "./option-kinds.ts";

const mebibyte = 1024 * 1024;
const storePattern = /^(memory:|lmdb:.+|nats:\/\/.+|postgres(ql)?:\/\/.+)$/;

const port = { unit: "port", min: 0, max: 65_535 } as const;
const milliseconds = { unit: "ms", min: 1, max: 86_400_000 } as const;

/** Every option there is: name, default, unit, bounds, help. Everything else about an option follows from its row. */
export const optionTable = {
  port: integer({ ...port, default: 8080, help: "port for clients; 0 picks a free one" }),
  host: text({ default: "0.0.0.0", unit: "host", help: "address on which clients are awaited" }),
  adminPort: integer({ ...port, default: 8081, help: "port of the admin side" }),
  adminHost: text({
    default: "127.0.0.1",
    unit: "host",
    help: "address of the admin side, which asks nobody for a password",
  }),
  adminNames: textList({ unit: "name", help: "further host names by which browsers may call the admin side" }),
  store: text({
    default: "lmdb:.roomgate",
    unit: "url",
    help: "where rooms are kept: memory:, lmdb:<dir>, nats://…, postgres://…",
    isValid: (url) => storePattern.test(url),
    rule: "memory:, lmdb:<dir>, nats://… or postgres://…",
  }),
  servers: integer({ default: 3, unit: "count", min: 1, max: 64, help: "room servers of a cluster on this machine" }),
  gateways: integer({ default: 1, unit: "count", min: 1, max: 64, help: "gateways of a cluster; they share the port" }),
  restart: toggle({ default: true, help: "start another process in place of one that died or was drained" }),
  rooms: textList({
    unit: "file",
    help: "module that exports apps; may be given several times. Default: the apps of the house",
  }),
  id: optionalText({
    unit: "id",
    help: "name of this process in the cluster; default is a new one at every start",
    isValid: (id) => parseServerId(id) !== undefined,
    rule: "1 to 64 of A-Z a-z 0-9 . _ -, starting with a letter or digit",
  }),
  weight: decimal({
    default: 1,
    unit: "number",
    min: 0.01,
    max: 1000,
    help: "capacity of this server relative to the others",
  }),
  trunkHost: text({
    default: "127.0.0.1",
    unit: "host",
    help: "address on which this server awaits gateways and servers",
    isValid: (host) => host.length <= addressLengthMax - ":65535".length,
    rule: `at most ${addressLengthMax - ":65535".length} characters`,
  }),
  trunkPort: integer({ ...port, default: 0, help: "port for the same; 0 picks a free one" }),
  secret: optionalText({
    unit: "text",
    help: "what gateways and servers prove to each other; default is kept in a file beside an lmdb store",
    isSecret: true,
    isValid: (secret) => secret.length >= 16,
    rule: "at least 16 characters",
  }),
  listener: choice(["auto", "uws", "ws"], {
    default: "auto",
    help: "what serves clients, and trunks of a room server: uWebSockets.js, ws, or the first that loads",
  }),
  messageBytesMax: integer({
    default: mebibyte,
    unit: "bytes",
    min: 1,
    max: payloadBytesMax,
    help: "largest message of a client; above it the client is closed with 1009",
  }),
  holdMs: integer({
    ...milliseconds,
    default: defaultTiming.holdMs,
    help: "how long a gateway keeps what clients send while their room has no owner",
  }),
  holdBytesMax: integer({
    default: defaultTiming.holdBytesMax,
    unit: "bytes",
    min: 1024,
    max: 256 * mebibyte,
    help: "what a gateway keeps for one session; above it the session is closed with 1013",
  }),
  holdFramesMax: integer({
    default: defaultTiming.holdFramesMax,
    unit: "count",
    min: 1,
    max: 1_000_000,
    help: "the same in messages",
  }),
  heartbeatMs: integer({
    ...milliseconds,
    default: defaultTiming.heartbeatMs,
    help: "how often a process says that it lives",
  }),
  selfFreezeMs: integer({
    ...milliseconds,
    default: defaultTiming.selfFreezeMs,
    help: "a server that could not say so for this long stops its rooms",
  }),
  leaseMs: integer({
    ...milliseconds,
    default: defaultTiming.leaseMs,
    help: "a process that has not said so for this long is taken for dead",
  }),
  failoverBudgetMs: integer({
    ...milliseconds,
    default: defaultTiming.failoverBudgetMs,
    help: "a room whose server fell silent must run again within this",
  }),
  freezeBudgetMs: integer({
    ...milliseconds,
    default: defaultTiming.freezeBudgetMs,
    help: "longest standstill of a room in a move; then it goes on where it was",
  }),
  concurrentMovesMax: integer({
    default: 8,
    unit: "count",
    min: 1,
    max: 1024,
    help: "moves that a server makes at once",
  }),
  rebalanceRoomsPerSecond: decimal({
    default: 10,
    unit: "number",
    min: 0,
    max: 10_000,
    help: "rooms that a server hands to their preferred server; 0 for none",
  }),
  slowClientBytesMax: integer({
    default: defaultClientLimits.slowClientBytesMax,
    unit: "bytes",
    min: 1024,
    max: 1024 * mebibyte,
    help: "what may wait for a client that reads slowly; above it the client is closed with 4430",
  }),
  sessionsMax: integer({
    default: defaultClientLimits.sessionsMax,
    unit: "count",
    min: 1,
    max: 1_000_000,
    help: "clients of one gateway; above it new ones are answered 503. A process may have 20 000 files open in most places",
  }),
  connectionsPerSecondMax: integer({
    default: defaultClientLimits.connectionsPerSecondMax,
    unit: "count",
    min: 0,
    max: 1_000_000,
    help: "new clients of one gateway; above it 503, so that a storm of reconnects comes in slowly; 0 for no limit",
  }),
  messagesPerSecondMax: integer({
    default: defaultClientLimits.messagesPerSecondMax,
    unit: "count",
    min: 1,
    max: 1_000_000,
    help: "messages of one client; above it the client is closed with 4429",
  }),
  roomsMax: integer({
    default: 100_000,
    unit: "count",
    min: 1,
    max: 10_000_000,
    help: "rooms that a server takes at most",
  }),
  logLevel: choice(["debug", "info", "warn", "error", "silent"], { default: "info", help: "what is logged" }),
  logFormat: choice(["pretty", "json"], { default: "pretty", help: "for people or for machines" }),
} as const;

export type OptionName = keyof typeof optionTable;

/** All options, complete and checked. */
export type Options = {
  readonly [Name in OptionName]: (typeof optionTable)[Name] extends OptionRow<infer Value> ? Value : never;
};

export const optionNames = Object.keys(optionTable) as OptionName[];

/** The row without its value's type, for code that treats all rows alike. */
export function rowOf(name: OptionName): OptionRow<unknown> {
  return optionTable[name] as unknown as OptionRow<unknown>;
}

const separated = (name: string, separator: string): string => name.replace(/[A-Z]/g, (letter) => separator + letter);

/** `holdBytesMax` as `--hold-bytes-max`. */
export function flagOf(name: string): string {
  return `--${separated(name, "-").toLowerCase()}`;
}

/** `holdBytesMax` as `ROOMGATE_HOLD_BYTES_MAX`. */
export function variableOf(name: string): string {
  return `ROOMGATE_${separated(name, "_").toUpperCase()}`;
}
