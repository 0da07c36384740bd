import { pino, stdSerializers } from "pino";
import type { Logger } from "../wire/runtime.ts";

export interface LogOptions {
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  readonly logFormat: "pretty" | "json";
  /** Which process speaks: an id such as `s1-ab3d`. */
  readonly member: string;
}

/** Writes to the standard error output: the standard output belongs to what a command answers. */
export function createLog(options: LogOptions, write: (line: string) => void = writeError): Logger {
  const destination = { write: options.logFormat === "json" ? write : (line: string) => write(prettyLine(line)) };
  return pino(
    {
      level: options.logLevel,
      base: { member: options.member },
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: plainError },
    },
    destination,
  );
}

/**
 * ROOM-40: of an error its own words, and no more. A room's error may hold what a client has asked with: `new URL(text)` throws one with the
 * whole text as a field.
 */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === "object" ? "an object that is no error" : String(error);
  const { type, message, stack } = stdSerializers.err(error);
  return { type, message, stack, code: (error as NodeJS.ErrnoException).code };
}

function writeError(line: string): void {
  process.stderr.write(line);
}

const levelMarks: Readonly<Record<string, string>> = { debug: "·", info: " ", warn: "!", error: "✖" };

/** `12:30:01 ! s1-ab3d  what happened  field=value`; the bytes as they are where they are no line of a log. */
export function prettyLine(json: string): string {
  let entry: Readonly<Record<string, unknown>>;
  try {
    entry = JSON.parse(json) as Readonly<Record<string, unknown>>;
  } catch {
    return json;
  }
  const { level, time, member, msg, err, ...fields } = entry;
  const clock = new Date(Number(time)).toISOString().slice(11, 19);
  const mark = levelMarks[String(level)] ?? " ";
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${plain(value)}`);
  const stack = typeof err === "object" && err !== null && "stack" in err ? `\n${String(err.stack)}` : "";
  return `${[`${clock} ${mark} ${String(member).padEnd(9)}`, String(msg), ...rest].join("  ")}${stack}\n`;
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}
