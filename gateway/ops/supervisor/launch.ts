import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { heapFlags } from "../heap-flags.ts";
import { type FromChild, parseFromChild, type ToChild } from "./child-messages.ts";

/** What a child is to be. */
export interface ChildPlan {
  readonly kind: "server" | "gateway";
  readonly id: string;
  /** Random per process: names this start of it. */
  readonly instance: string;
  /** Of gateways: the port for clients; 0 picks a free one. */
  readonly port: number;
}

export interface Child {
  readonly pid: number;
  /** Lost where the child is gone already. */
  send(message: ToChild): void;
  kill(): void;
}

export interface ChildHandler {
  onMessage(message: FromChild): void;
  /** The last call. `how`: "exited with 1", "was killed by SIGKILL". */
  onExit(how: string): void;
}

/** Starts one process. Never throws: a child that cannot be started exits at once. */
export type Launch = (plan: ChildPlan, handler: ChildHandler) => Child;

export interface LaunchOptions {
  /** Script that runs a child when called with its kind. */
  readonly entry: string;
  /** The child's environment. */
  readonly environment: (plan: ChildPlan) => NodeJS.ProcessEnv;
  /** A line that the child wrote. */
  readonly onLine: (plan: ChildPlan, line: string) => void;
}

const lineLengthMax = 64 * 1024;

export function createLaunch(options: LaunchOptions): Launch {
  return (plan, handler) => {
    const child = spawn(process.execPath, [...heapFlags, ...process.execArgv, options.entry, plan.kind], {
      env: options.environment(plan),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    let isOver = false;
    const over = (how: string): void => {
      if (isOver) return;
      isOver = true;
      handler.onExit(how);
    };
    readLines(child.stdout, (line) => options.onLine(plan, line));
    readLines(child.stderr, (line) => options.onLine(plan, line));
    child.on("message", (message) => {
      const parsed = parseFromChild(message);
      if (parsed !== undefined && !isOver) handler.onMessage(parsed);
    });
    // A failing channel shows as the child's exit, or as silence to a request.
    child.on("error", (error) => {
      if (child.pid === undefined) over(`could not be started: ${error.message}`);
    });
    // `close` waits for its last lines, which say why it died; but not for grandchildren that hold them open.
    child.on("close", (code, signal) => over(howItEnded(code, signal)));
    child.on("exit", (code, signal) => setTimeout(() => over(howItEnded(code, signal)), 500).unref());
    return { pid: child.pid ?? 0, send: (message) => sendTo(child, message), kill: () => child.kill("SIGKILL") };
  };
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exited with ${code}` : `was killed by ${signal}`;
}

function sendTo(child: ChildProcess, message: ToChild): void {
  if (!child.connected) return;
  // Without a callback an error would be an event of the child; it is going down, and its exit says so.
  child.send(message, () => {});
}

/** A line without end is cut, so that no child can fill our memory. */
function readLines(stream: Readable | null, onLine: (line: string) => void): void {
  let rest = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    if (rest.length > lineLengthMax) {
      onLine(rest);
      rest = "";
    }
  });
  stream?.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}
