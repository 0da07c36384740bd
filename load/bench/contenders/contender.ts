import type { DialectName } from "../generator/dialect.ts";
import type { Lab } from "../lab.ts";

/** What a process of a contender is for. `relay`: between clients and the server; `other`: whatever else it needs. */
export type Role = "relay" | "server" | "other";

/** Something that runs and takes clients. */
export interface RunningContender {
  readonly name: string;
  readonly dialect: DialectName;
  readonly ports: readonly number[];
  readonly pids: Readonly<Partial<Record<Role, readonly number[]>>>;
  /** What a client asks for to get into this room. */
  room(app: App, name: string): string;
  stop(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** For tables. */
  readonly title: string;
  /** Settings that matter, and what of them is not the default. */
  readonly settings: string;
  /** As it says itself; `{ missing }` where it cannot run here, and what to do. */
  version(): Promise<{ readonly version: string } | { readonly missing: string }>;
  start(lab: Lab, options?: StartOptions): Promise<RunningContender>;
}

export interface StartOptions {
  /** For Node processes. */
  readonly env?: NodeJS.ProcessEnv;
  /** Roomgate only: flags of `roomgate cluster` beside the ports and the store. */
  readonly flags?: readonly string[];
}

/** Back to the sender; to all of the room; a Yjs document. */
export type App = "echo" | "fan" | "editor";

export const plainRoom = (app: App, name: string): string => `/rooms/${app}/${name}`;
