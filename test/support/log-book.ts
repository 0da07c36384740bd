import type { Readable } from "node:stream";
import { until } from "./until.ts";

/** A line of a cluster's log in JSON; a line that is none has only `msg`. */
export interface LogLine {
  readonly level?: string;
  readonly member?: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Everything that the processes of a cluster have logged. */
export interface LogBook {
  readonly lines: readonly LogLine[];
  /** As it came. */
  text(): string;
  /** The first line that is as wanted, as soon as it is there. */
  find(wanted: (line: LogLine) => boolean, msMax?: number): Promise<LogLine>;
  readFrom(stream: Readable | null): void;
}

export function openLogBook(): LogBook {
  const lines: LogLine[] = [];
  const texts: string[] = [];
  return {
    lines,
    text: () => texts.join("\n"),
    async find(wanted, msMax) {
      const found = await until(
        () => lines.find(wanted),
        (line) => line !== undefined,
        msMax,
      );
      return found as LogLine;
    },
    readFrom(stream) {
      let rest = "";
      stream?.setEncoding("utf8").on("data", (text: string) => {
        const whole = (rest + text).split("\n");
        rest = whole.pop() ?? "";
        for (const line of whole) {
          texts.push(line);
          lines.push(parseLine(line));
        }
      });
    },
  };
}

function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { msg: text };
  }
}
