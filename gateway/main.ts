import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { version } from "./index.ts";
import { loadApps } from "./ops/apps-modules.ts";
import { addBotsCommand } from "./ops/bots-command.ts";
import { addOptions, commandOptions, flagsOf } from "./ops/command-options.ts";
import { type Configuration, configure } from "./ops/configure.ts";
import { addOperatorCommands } from "./ops/operator-commands.ts";
import { clusterRelations, commonRelations } from "./ops/option-relations.ts";
import { maskSecrets, type OptionRelation } from "./ops/options.ts";
import type { ProcessReport } from "./ops/process-report.ts";
import type { RunningPart } from "./ops/process-shell.ts";
import { takeChildOrders } from "./ops/supervisor/child-plan.ts";
import type { ProcessContext } from "./process-context.ts";
import type { Apps } from "./room/sdk.ts";
import { RoomgateError } from "./wire/errors.ts";

/**
 * The command `roomgate`. Each command loads what it runs by itself: who only asks a running cluster does not wait for a store and
 * for listeners to load. What goes wrong is one line each on the standard error output, and exit code 1. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof RoomgateError)) throw error;
    for (const line of error.message.split("\n")) console.error(`roomgate: ${line}`);
    process.exit(1);
  }
}

function createProgram(): Command {
  const program = new Command("roomgate")
    .description("A WebSocket gateway that keeps every client of a room on one server, also while the room moves.")
    .version(version)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "roomgate: ")) })
    .showHelpAfterError("(roomgate --help says what there is; roomgate <command> --help, what it takes)")
    .showSuggestionAfterError();

  addOptions(program.command("cluster"), commandOptions.cluster)
    .description("run a whole cluster on this machine: gateways and room servers, each a process of its own")
    .action(async (_flags, command: Command) => {
      const { options, warnings } = configured(command, clusterRelations);
      const { runCluster } = await import("./run-cluster.ts");
      await runCluster(options, warnings);
    });

  addOptions(program.command("gateway"), commandOptions.gateway)
    .description("run one gateway")
    .action(async (_flags, command: Command) => {
      const { startGatewayPart } = await import("./run-gateway.ts");
      await runPart("gateway", command, startGatewayPart);
    });

  addOptions(program.command("server"), commandOptions.server)
    .description("run one room server; SIGTERM drains it")
    .action(async (_flags, command: Command) => {
      const { startServerPart } = await import("./run-server.ts");
      await runPart("server", command, async (context) => startServerPart(context, await appsOf(context)));
    });

  const print = (text: string): void => console.log(text);
  addOperatorCommands(program, adminUrl, print);
  addBotsCommand(program, clientUrl, print);

  program
    .command("check-config")
    .description("say everything that is wrong with a configuration, or what it resolves to")
    .argument("[file]", "default roomgate.config.json, if there is one")
    .action((file: string | undefined) => {
      const { options, warnings } = configure({}, file, clusterRelations);
      for (const warning of warnings) console.error(`roomgate: ${warning}`);
      console.log(JSON.stringify(maskSecrets(options), undefined, 2));
    });

  return program;
}

function configured(command: Command, relations: readonly OptionRelation[]): Configuration {
  const { config } = command.opts<{ config?: string }>();
  return configure(flagsOf(command), config, relations);
}

/** One process of a cluster: by the orders of a supervisor, or by hand. */
async function runPart(
  kind: "server" | "gateway",
  command: Command,
  start: (context: ProcessContext) => Promise<RunningPart>,
): Promise<void> {
  const { runProcess } = await import("./ops/process-shell.ts");
  const { contextByHand, contextByOrders } = await import("./process-context.ts");
  const run = (context: ProcessContext, onReady?: (report: () => ProcessReport) => Promise<unknown>) =>
    runProcess({
      identity: { id: context.id, kind },
      runtime: context.runtime,
      start: () => start(context),
      ...(onReady === undefined ? {} : { onReady }),
    });
  const orders = takeChildOrders(process.env);
  if (orders !== undefined) return run(contextByOrders(orders));
  const { options, given, warnings } = configured(command, commonRelations);
  const context = contextByHand(kind, options);
  for (const warning of warnings) context.runtime.log.warn({}, warning);
  // Several processes share a machine: one that was not told a port has no admin side.
  if (!given.has("adminPort")) return run(context);
  const { startAdminPart } = await import("./run-admin.ts");
  return run(context, (report) => startAdminPart(context, async () => [report()]));
}

/** The modules of `--rooms`, else the apps of the house. */
async function appsOf({ options }: ProcessContext): Promise<Apps> {
  const house = ["load/rooms.js", "demo-game/server/rooms.js", "demo-editor/server/rooms.js"];
  const files = house.map((file) => fileURLToPath(new URL(`../${file}`, import.meta.url)));
  const modules = options.rooms.length > 0 ? options.rooms : files.filter((file) => existsSync(file));
  // The room server judges what is in there.
  return (await loadApps(modules)) as Apps;
}

/** Where the operating commands find the cluster that this configuration runs. */
function adminUrl(): string {
  const { ROOMGATE_ADMIN: given } = process.env;
  if (given) return given;
  const { adminHost, adminPort } = configure({}, undefined, []).options;
  const host = adminHost === "0.0.0.0" || adminHost === "::" ? "127.0.0.1" : adminHost;
  return `http://${host.includes(":") ? `[${host}]` : host}:${adminPort}`;
}

/** Where the clients of the cluster that this configuration runs are to connect. */
function clientUrl(): string {
  const { host, port } = configure({}, undefined, []).options;
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `ws://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
