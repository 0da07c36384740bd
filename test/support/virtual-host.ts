import type { Logger, Runtime, Timer } from "../../gateway/wire/runtime.ts";
import type { VirtualRuntime } from "./virtual-runtime.ts";

/**
 * One process on virtual time: it can be killed (nothing of it runs any more) and stopped for a while (what comes due waits, as
 * with SIGSTOP). Its clock has an origin of its own.
 */
export class VirtualHost implements Runtime {
  readonly log: Logger;
  readonly #world: VirtualRuntime;
  #originMs: number;
  /** `catchingUp`: it runs again, and what came due meanwhile goes first. */
  #state: "running" | "stopped" | "catchingUp" | "dead" = "running";
  #waiting: (() => void)[] = [];

  constructor(world: VirtualRuntime, name: string, originMs = 0) {
    this.#world = world;
    this.#originMs = originMs;
    this.log = world.log.child({ host: name });
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get isStopped(): boolean {
    return this.#state === "stopped";
  }

  /** What reaches it now is heard now. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  nowMs(): number {
    return this.#world.nowMs() + this.#originMs;
  }

  random(): number {
    return this.#world.random();
  }

  after(delayMs: number, task: () => void): Timer {
    let isCancelled = false;
    const timer = this.#world.after(delayMs, () => this.#run(() => isCancelled || task()));
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  soon(task: () => void): void {
    this.#world.soon(() => this.#run(task));
  }

  /** Its clock is suddenly later, as where a machine was suspended; its timers wait as long as they would have. */
  jump(ms: number): void {
    this.#originMs += ms;
  }

  kill(): void {
    this.#state = "dead";
    this.#waiting = [];
  }

  /** SIGSTOP. */
  stop(): void {
    if (this.#state !== "dead") this.#state = "stopped";
  }

  /** SIGCONT: what came due meanwhile runs now, and before anything else. */
  continue(): void {
    if (this.#state !== "stopped") return;
    this.#state = "catchingUp";
    this.#world.soon(() => this.#catchUp());
  }

  /** Runs `task` as something that reaches this process from outside. */
  deliver(task: () => void): void {
    this.#run(task);
  }

  #run(task: () => void): void {
    if (this.#state === "dead") return;
    if (this.#state === "running") task();
    else this.#waiting.push(task);
  }

  #catchUp(): void {
    if (this.#state !== "catchingUp") return;
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#state = "running";
      return;
    }
    next();
    this.#world.soon(() => this.#catchUp());
  }
}
