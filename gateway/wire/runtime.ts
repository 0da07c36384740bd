/**
 * What a host gives to the parts of Roomgate: time, chance, a log. Nothing behind this port reads a clock by itself, so
 * that a whole cluster runs on virtual time in one process.
 */
export interface Runtime {
  /** Monotonic milliseconds with an arbitrary origin; never compared with another process's. */
  nowMs(): number;
  /** Calls `task` once, not before `delayMs` have passed. */
  after(delayMs: number, task: () => void): Timer;
  /** Calls `task` once when what is already waiting in this turn of the event loop has been handled. */
  soon(task: () => void): void;
  /** Uniform in [0, 1). */
  random(): number;
  readonly log: Logger;
}

export interface Timer {
  /** Safe to call more than once, and after the task has run. */
  cancel(): void;
}

/** The part of pino that we use. Fields carry no secrets and no bytes of clients. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}
