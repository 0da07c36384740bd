import { randomBytes } from "node:crypto";
import {
  beginDialer,
  beginListener,
  type HandshakeContext,
  type HandshakeEffect,
  type HandshakeEvent,
  type HandshakeState,
  stepHandshake,
} from "./handshake.ts";
import { nonceBytes } from "./handshake-messages.ts";
import { makeTrunkKey } from "./handshake-proof.ts";
import type { LinkEnd, LinkHandler, PeerIdentity, TrunkLink } from "./link.ts";
import type { Pipe, PipeEnd, PipeHandler } from "./pipe.ts";
import type { Runtime, Timer } from "./runtime.ts";
import { type LinkTiming, linkEndOf, linkTimingDefault, PipeTrunkLink, versionReason } from "./trunk-link.ts";

/** What one process's trunks have in common. */
export interface TrunkOptions {
  readonly runtime: Runtime;
  /** Shared by all processes of a cluster. Throws a `RangeError` where it is empty. */
  readonly secret: string | Uint8Array;
  readonly self: PeerIdentity;
  /** Defaults: {@link linkTimingDefault}. */
  readonly timing?: Partial<LinkTiming>;
  /** For the way to the peer, and again for the handshake on it. Default 3 000. */
  readonly openMsMax?: number;
  /** Gives 32 bytes that nobody can foretell. Default: the system's random bytes; a simulation may want others. */
  readonly drawNonce?: () => Uint8Array;
}

/** Complete and checked: {@link TrunkOptions} with its defaults. */
export interface TrunkSetup {
  readonly runtime: Runtime;
  readonly timing: LinkTiming;
  readonly openMsMax: number;
  readonly makeContext: () => HandshakeContext;
}

export function setUpTrunks(options: TrunkOptions): TrunkSetup {
  const key = makeTrunkKey(options.secret);
  const drawNonce = options.drawNonce ?? (() => new Uint8Array(randomBytes(nonceBytes)));
  return {
    runtime: options.runtime,
    timing: { ...linkTimingDefault, ...options.timing },
    openMsMax: options.openMsMax ?? 3_000,
    makeContext: () => ({ self: options.self, key, nonce: drawNonce() }),
  };
}

/** Who hears of an opening: one of `attach` and `failed`, once, unless `abandon` comes first; then `gone` when the pipe has ended. */
export interface OpeningOwner {
  attach(link: TrunkLink): LinkHandler;
  failed(end: LinkEnd): void;
  gone(): void;
}

/** Carries out the handshake on a pipe; when it is over, passes the pipe's events on to the link. */
export class TrunkOpening implements PipeHandler {
  readonly #pipe: Pipe;
  readonly #setup: TrunkSetup;
  readonly #context: HandshakeContext;
  readonly #owner: OpeningOwner;
  readonly #deadline: Timer;
  #state: HandshakeState;
  #link: PipeTrunkLink | undefined;
  /** The owner has been told how it came out, or does not want to know. */
  #isSettled = false;

  constructor(side: "dialer" | "listener", pipe: Pipe, setup: TrunkSetup, owner: OpeningOwner) {
    this.#pipe = pipe;
    this.#setup = setup;
    this.#context = setup.makeContext();
    this.#owner = owner;
    this.#deadline = setup.runtime.after(setup.openMsMax, () => this.#step({ kind: "deadlinePassed" }));
    const [state, effects] = side === "dialer" ? beginDialer(this.#context) : beginListener();
    this.#state = state;
    this.#carryOut(effects);
  }

  /** Ends it: a link in good order, a handshake at once and without a word to `failed`. */
  abandon(): void {
    if (this.#link !== undefined) {
      this.#link.close();
      return;
    }
    this.#settle();
    this.#pipe.terminate();
  }

  onMessage(message: Uint8Array): void {
    if (this.#link !== undefined) this.#link.onMessage(message);
    else if (!this.#isSettled) this.#step({ kind: "messageReceived", bytes: message });
  }

  onDrained(): void {
    this.#link?.onDrained();
  }

  onEnd(end: PipeEnd): void {
    if (this.#link !== undefined) this.#link.onEnd(end);
    else this.#fail(linkEndOf(end));
    this.#owner.gone();
  }

  #step(event: HandshakeEvent): void {
    const [state, effects] = stepHandshake(this.#state, event, this.#context);
    this.#state = state;
    this.#carryOut(effects);
  }

  #carryOut(effects: readonly HandshakeEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "sendMessage":
          this.#pipe.send(effect.bytes);
          break;
        case "openLink":
          this.#openLink(effect.peer);
          break;
        case "refusePeer":
          this.#pipe.close(effect.code, effect.end.kind === "version" ? versionReason : "");
          this.#fail(effect.end);
          break;
      }
    }
  }

  #openLink(peer: PeerIdentity): void {
    this.#settle();
    this.#pipe.trust();
    const { runtime, timing } = this.#setup;
    this.#link = new PipeTrunkLink(this.#pipe, peer, runtime, timing, (link) => this.#owner.attach(link));
  }

  #fail(end: LinkEnd): void {
    if (this.#isSettled) return;
    this.#settle();
    const fields = { address: this.#pipe.remoteAddress, kind: end.kind, rule: end.detail };
    this.#setup.runtime.log.warn(fields, "trunk handshake failed");
    this.#owner.failed(end);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#deadline.cancel();
  }
}
