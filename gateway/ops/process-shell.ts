import { RoomgateError } from "../wire/errors.ts";
import { afterWatched } from "../wire/patient-timer.ts";
import type { Runtime } from "../wire/runtime.ts";
import { type ProcessReport, startReporter } from "./process-report.ts";
import { type FromChild, parseToChild } from "./supervisor/child-messages.ts";

/** What one process of a cluster runs, as its shell sees it. */
export interface RunningPart {
  /** What others connect to: of a gateway the clients' port. */
  readonly port: number;
  /** Resolves when it begins to drain, also by itself: when the operating side asks it to. */
  readonly draining: Promise<void>;
  /** Resolves when it has left, by whichever way. */
  readonly left: Promise<void>;
  /** Looks now who else is in the cluster. Resolves when it knows. */
  readonly look: () => Promise<void>;
  readonly read: () => Pick<ProcessReport, "server" | "gateway">;
  /** Leaves without anybody's loss, and takes as long as that takes. */
  readonly drain: () => Promise<void>;
  /** Leaves because everything stops. */
  readonly stop: () => Promise<void>;
}

export interface ShellOptions {
  readonly identity: Pick<ProcessReport, "id" | "kind">;
  readonly runtime: Runtime;
  readonly start: () => Promise<RunningPart>;
  /** When the part runs, and before the process counts as ready. */
  readonly onReady?: (report: () => ProcessReport) => Promise<unknown>;
}

/** Without a supervisor nobody waits for us longer. */
const orphanStopMsMax = 5_000;

/**
 * OPS-6. The life of a process around its part:
 *
 * | what happens | what it does |
 * |---|---|
 * | SIGTERM (and SIGINT, unless a supervisor has the terminal) | drains, exits 0 |
 * | the same again | exits 1 at once |
 * | the supervisor says `stop` | stops, exits 0 |
 * | the supervisor is gone | stops, exits 0, after 5 s at the latest |
 * | the part was drained by the operating side | exits 0 |
 * | it cannot start | says why in one line, exits 1 |
 */
export async function runProcess({ identity, runtime, start, onReady }: ShellOptions): Promise<void> {
  const { log } = runtime;
  const isChild = process.send !== undefined;
  surviveBrokenPipes();
  let part: RunningPart | undefined;
  let isLeaving = false;

  const tell = (message: FromChild): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  const report = (id: number): void => tell({ t: "report", id, report: reporter.report() });
  const lookFailed = (err: unknown): void => log.warn({ err }, "could not look who else is there");
  const leave = (how: "drain" | "stop"): void => {
    // Before it runs there is nothing to leave.
    if (part === undefined) process.exit(0);
    if (isLeaving && how === "drain") return;
    isLeaving = true;
    part[how]().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "could not leave in order");
        process.exit(1);
      },
    );
  };
  const interrupted = (signal: NodeJS.Signals): void => {
    if (isLeaving) {
      log.warn({ signal }, "interrupted once more: exiting at once");
      process.exit(1);
    }
    log.info({ signal }, "leaving");
    leave("drain");
  };
  process.on("SIGTERM", interrupted);
  process.on("SIGINT", (signal) => {
    if (!isChild) interrupted(signal);
  });
  process.on("message", (message) => {
    const parsed = parseToChild(message);
    if (parsed?.t === "stop") leave("stop");
    if (parsed?.t === "report") report(parsed.id);
    if (parsed?.t === "look")
      void part
        ?.look()
        .catch(lookFailed)
        .finally(() => report(parsed.id));
  });
  process.on("disconnect", () => {
    log.warn({}, "the supervisor is gone; stopping");
    afterWatched(runtime, orphanStopMsMax, () => process.exit(1));
    leave("stop");
  });

  const reporter = startReporter(identity, () => part?.read() ?? {});
  try {
    part = await start();
    await onReady?.(reporter.report);
  } catch (error) {
    await sayFailure(error, tell, isChild);
    process.exit(1);
  }
  tell({ t: "ready", port: part.port });

  // Drained by the operating side; where we drain it ourselves, `leave` exits.
  void part.left.then(() => {
    if (!isLeaving) process.exit(0);
  });
  void part.draining.then(() => tell({ t: "draining" }));
}

async function sayFailure(error: unknown, tell: (message: FromChild) => void, isChild: boolean): Promise<void> {
  const text = error instanceof RoomgateError ? error.message : error instanceof Error ? error.stack : undefined;
  const message = text ?? String(error);
  if (!isChild) {
    console.error(`roomgate: ${message}`);
    return;
  }
  tell({ t: "failed", message });
  // The channel is not flushed by `exit`.
  await new Promise<void>((resolve) => setTimeout(resolve, 50));
}

/** Whoever read our output may be killed before us; that must not keep us from leaving in order. */
export function surviveBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
