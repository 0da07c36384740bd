import type { GatewayStats } from "../../../gateway/edge/gateway-stats.ts";
import type { Site } from "../../../gateway/edge/listener.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import type { VirtualHost } from "../virtual-host.ts";
import {
  type GatewayProcess,
  type Grounds,
  type OperatedRoomServer,
  type ServerProcess,
  startGatewayProcess,
  startServerProcess,
} from "./simulated-processes.ts";

const startAgainMs = 300;

/** A machine with at most one process, which is started again after it ended. */
interface Machine<Process> {
  readonly name: string;
  process: Process | undefined;
  starts: number;
}

/** A room server that is up. */
export interface UpServer {
  readonly machine: string;
  readonly process: ServerProcess;
  readonly running: OperatedRoomServer;
  /** It is to leave by itself. */
  isLeaving: boolean;
}

export interface UpGateway {
  readonly id: string;
  readonly machine: string;
  /** Live. */
  readonly metrics: GatewayStats;
}

/** The machines of a run and what is on them: starting, killing, pausing. */
export class Machines {
  /** Room servers that are up, by machine. */
  readonly up = new Map<string, UpServer>();
  readonly #upGateways = new Map<string, UpGateway>();
  readonly #grounds: Grounds;
  readonly #note: (who: string, what: string) => void;
  readonly #servers: readonly Machine<ServerProcess>[];
  readonly #gateways: readonly Machine<GatewayProcess>[];

  constructor(
    grounds: Grounds,
    counts: { servers: number; gateways: number },
    note: (who: string, what: string) => void,
  ) {
    this.#grounds = grounds;
    this.#note = note;
    const machines = <Process>(letter: string, count: number): Machine<Process>[] =>
      Array.from({ length: count }, (_, index) => ({ name: `${letter}${index}`, process: undefined, starts: 0 }));
    this.#servers = machines("s", counts.servers);
    this.#gateways = machines("g", counts.gateways);
  }

  startServer(index: number, keepsId: boolean): void {
    const machine = this.#servers[index];
    if (!machine || machine.process) return;
    machine.starts += 1;
    const id = keepsId ? machine.name : `${machine.name}.${machine.starts}`;
    const process = startServerProcess(this.#grounds, machine.name, id, machine.starts);
    machine.process = process;
    this.#note(id, "starts");
    process.running.then(
      (running) => {
        if (machine.process !== process) return;
        this.up.set(machine.name, { machine: machine.name, process, running, isLeaving: false });
        void running.left.then(() => this.#left(machine, process));
      },
      () => this.#failed(machine, process, () => this.startServer(index, keepsId)),
    );
  }

  startGateway(index: number, keepsId: boolean): void {
    const machine = this.#gateways[index];
    if (!machine || machine.process) return;
    machine.starts += 1;
    const id = keepsId ? machine.name : `${machine.name}.${machine.starts}`;
    const process = startGatewayProcess(this.#grounds, machine.name, id, machine.starts);
    machine.process = process;
    this.#note(id, "starts");
    process.running.then(
      (running) => {
        if (machine.process !== process) return;
        this.#upGateways.set(machine.name, { id: process.id, machine: machine.name, metrics: running.metrics() });
      },
      () => this.#failed(machine, process, () => this.startGateway(index, keepsId)),
    );
  }

  /** As `kill -9`; the machine starts a process again after `backAfterMs`. */
  killServer(index: number, backAfterMs: number, keepsId: boolean): void {
    const machine = this.#servers[index];
    if (!machine?.process) return;
    this.#end(machine);
    this.#grounds.world.after(backAfterMs, () => this.startServer(index, keepsId));
  }

  killGateway(index: number, backAfterMs: number, keepsId: boolean): void {
    const machine = this.#gateways[index];
    if (!machine?.process) return;
    this.#end(machine);
    this.#grounds.world.after(backAfterMs, () => this.startGateway(index, keepsId));
  }

  /** The server leaves by itself, if there is another to go to; then its machine starts the next. */
  leave(index: number, how: "drain" | "stop", backAfterMs: number): void {
    const machine = this.#servers[index];
    const server = machine && this.up.get(machine.name);
    const others = [...this.up.values()].filter((other) => other !== server && !other.isLeaving);
    if (!server || server.isLeaving || others.length === 0) return;
    server.isLeaving = true;
    this.#note(server.process.id, how);
    const { host, running } = server.process;
    void running.then((started) => host.deliver(() => void started[how]()));
    void server.running.left.then(() => {
      this.#grounds.world.after(backAfterMs, () => this.startServer(index, false));
    });
  }

  /** SIGSTOP, and SIGCONT after `forMs`. */
  pause(name: string, forMs: number): void {
    const process = this.#processOn(name);
    if (!process || process.host.isStopped) return;
    this.#note(name, `stands still for ${forMs}`);
    if ("instance" in process) this.#grounds.stopped(process.instance);
    const { host } = process;
    host.stop();
    this.#grounds.world.after(forMs, () => host.continue());
  }

  hostOn(name: string): VirtualHost | undefined {
    return this.#processOn(name)?.host;
  }

  gatewayOn(index: number): { readonly process: GatewayProcess; readonly site: Site } | undefined {
    const process = this.#gateways[index]?.process;
    const site = process?.site();
    return process && site && { process, site };
  }

  /** Asks the room's server to move it, as operators do. */
  move(room: string, to: number): void {
    const target = this.#servers[to]?.process?.id;
    if (target === undefined) return;
    for (const { process, running } of this.up.values()) {
      if (running.operated.describe(room as RoomKey) === undefined) continue;
      this.#note(process.id, `is asked to move ${room} to ${target}`);
      process.host.deliver(() => void running.operated.move(room as RoomKey, target as ServerId));
    }
  }

  /** Whatever stands still goes on, and every machine has a process. */
  heal(): void {
    for (const { process } of [...this.#servers, ...this.#gateways]) process?.host.continue();
    for (const index of this.#servers.keys()) this.startServer(index, false);
    for (const index of this.#gateways.keys()) this.startGateway(index, false);
  }

  /** All room servers at once, and new ones at once. */
  replaceAllServers(): void {
    for (const machine of this.#servers) if (machine.process) this.#end(machine);
    for (const index of this.#servers.keys()) this.startServer(index, false);
  }

  get names(): readonly string[] {
    return [...this.#servers, ...this.#gateways].map(({ name }) => name);
  }

  get serverCount(): number {
    return this.#servers.length;
  }

  /** Those that are up, with their counters as they stand. */
  gatewaysUp(): readonly UpGateway[] {
    return [...this.#upGateways.values()];
  }

  #processOn(name: string): ServerProcess | GatewayProcess | undefined {
    return [...this.#servers, ...this.#gateways].find((machine) => machine.name === name)?.process;
  }

  #end(machine: Machine<ServerProcess> | Machine<GatewayProcess>): void {
    const { process, name } = machine;
    if (!process) return;
    this.#note(process.id, "is killed");
    if ("instance" in process) this.#grounds.stopped(process.instance);
    this.#grounds.network.crash(name);
    process.host.kill();
    machine.process = undefined;
    this.up.delete(name);
    this.#upGateways.delete(name);
  }

  /** A process that has left exits. */
  #left(machine: Machine<ServerProcess>, process: ServerProcess): void {
    if (machine.process !== process) return;
    this.#note(process.id, "has left");
    this.#end(machine);
  }

  /** It could not start, as where the store was away: another try. */
  #failed<P extends ServerProcess | GatewayProcess>(machine: Machine<P>, process: P, again: () => void): void {
    if (machine.process !== process) return;
    this.#note(process.id, "could not start");
    // It may have had rooms already.
    if ("instance" in process) this.#grounds.stopped(process.instance);
    this.#grounds.network.crash(machine.name);
    process.host.kill();
    machine.process = undefined;
    this.#grounds.world.after(startAgainMs, again);
  }
}
