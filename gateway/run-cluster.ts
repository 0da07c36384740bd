import { fileURLToPath } from "node:url";
import { browserUrl } from "./ops/browser-url.ts";
import type { Options } from "./ops/option-table.ts";
import { obtainPort } from "./ops/port-probe.ts";
import { startReporter } from "./ops/process-report.ts";
import { surviveBrokenPipes } from "./ops/process-shell.ts";
import { childEnvironment } from "./ops/supervisor/child-plan.ts";
import { type ChildPlan, createLaunch } from "./ops/supervisor/launch.ts";
import { createSupervisor, type Supervisor } from "./ops/supervisor/supervisor.ts";
import { contextByHand } from "./process-context.ts";
import { type AdminPart, startAdminPart } from "./run-admin.ts";
import type { ServerId } from "./wire/ids.ts";
import type { Runtime } from "./wire/runtime.ts";

/** A whole cluster on this machine: every gateway and server a process of its own, the admin side in this one. */
export async function runCluster(options: Options, warnings: readonly string[]): Promise<void> {
  surviveBrokenPipes();
  const context = contextByHand("supervisor", options);
  const { runtime, secret } = context;
  for (const warning of warnings) runtime.log.warn({}, warning);
  const wantedPort = await obtainPort(options.host, options.port);

  const reporter = startReporter({ id: context.id, kind: "supervisor" }, () => ({}));
  let supervisor: Supervisor | undefined;
  const admin = await startAdminPart(context, async () => [
    reporter.report(),
    ...((await supervisor?.reports()) ?? []),
  ]);
  const launch = createLaunch({
    entry: fileURLToPath(new URL("../../scripts/roomgate.mjs", import.meta.url)),
    environment: (plan) => childEnvironment({ options, plan, secret, adminPort: admin.port }, process.env),
    onLine: (plan, line) => passOn(options, plan, line),
  });
  supervisor = createSupervisor(runtime, launch, {
    ...options,
    port: wantedPort,
    onGone: (id) => admin.watch.giveEvidence(id as ServerId),
  });
  leaveOnSignals(runtime, supervisor, admin);
  try {
    const port = await supervisor.start();
    // Whoever reads the lines below may ask at once who is there.
    await admin.watch.refresh();
    console.log(`Demos      ${browserUrl(options.host, port)}`);
    console.log(`Dashboard  ${browserUrl(options.adminHost, admin.port)}`);
  } catch (error) {
    await admin.close();
    throw error;
  }
}

/** OPS-7: Ctrl-C stops everything in order and exits 0; once more, and it is over at once. */
function leaveOnSignals(runtime: Runtime, supervisor: Supervisor, admin: AdminPart): void {
  let isLeaving = false;
  const leave = async (): Promise<void> => {
    await supervisor.stop();
    await admin.close();
    process.exit(0);
  };
  const interrupted = (signal: NodeJS.Signals): void => {
    if (isLeaving) {
      supervisor.kill();
      process.exit(1);
    }
    isLeaving = true;
    runtime.log.info({ signal }, "stopping the cluster; once more to kill it");
    leave().catch((err: unknown) => {
      runtime.log.error({ err }, "could not leave in order");
      process.exit(1);
    });
  };
  process.on("SIGINT", interrupted);
  process.on("SIGTERM", interrupted);
  process.on("exit", () => supervisor.kill());
}

/** Lines of the log are in their form already; what else a child writes is a crash, or the user's code. */
function passOn(options: Options, plan: ChildPlan, line: string): void {
  if (options.logFormat === "pretty") {
    process.stderr.write(isOurs(plan, line) ? `${line}\n` : `         ${plan.id.padEnd(9)}  ${line}\n`);
    return;
  }
  const isJson = line.startsWith("{") && line.endsWith("}");
  const wrapped = { level: "info", time: Date.now(), member: plan.id, msg: line };
  process.stderr.write(isJson ? `${line}\n` : `${JSON.stringify(wrapped)}\n`);
}

function isOurs(plan: ChildPlan, line: string): boolean {
  return /^\d\d:\d\d:\d\d . /u.test(line) && line.includes(plan.id);
}
