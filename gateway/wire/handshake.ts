import type { KeyObject } from "node:crypto";
import { closeCodes } from "./close-codes.ts";
import { trunkVersion } from "./frames.ts";
import { decodeHandshake, encodeHandshake, type HandshakeMessage, identityOf } from "./handshake-messages.ts";
import { type Introduction, isProof, makeProof } from "./handshake-proof.ts";
import type { LinkEnd, PeerIdentity } from "./link.ts";

/**
 * How two processes prove to each other that they share the secret: a machine for each side, without clock, chance or I/O.
 *
 * ```
 * dialer    awaitChallenge ── challenge ──▶ awaitWelcome ── welcome ──▶ open
 * listener  awaitHello ────── hello ──────▶ awaitProof ──── proof ────▶ open
 *                          anything else, or the deadline ──▶ failed
 * ```
 */
export type HandshakeState =
  | { readonly kind: "awaitChallenge" }
  | { readonly kind: "awaitWelcome"; readonly peer: PeerIdentity }
  | { readonly kind: "awaitHello" }
  | { readonly kind: "awaitProof"; readonly peer: PeerIdentity; readonly introduction: Introduction }
  /** The machine is done: what comes now is the link's. */
  | { readonly kind: "open"; readonly peer: PeerIdentity }
  | { readonly kind: "failed"; readonly end: LinkEnd };

export type HandshakeEvent =
  | { readonly kind: "messageReceived"; readonly bytes: Uint8Array }
  | { readonly kind: "deadlinePassed" };

export type HandshakeEffect =
  | { readonly kind: "sendMessage"; readonly bytes: Uint8Array }
  | { readonly kind: "openLink"; readonly peer: PeerIdentity }
  /** Close with this code and report `end`. */
  | { readonly kind: "refusePeer"; readonly code: number; readonly end: LinkEnd };

export interface HandshakeContext {
  readonly self: PeerIdentity;
  readonly key: KeyObject;
  /** 32 random bytes, for this connection only. */
  readonly nonce: Uint8Array;
}

export type HandshakeStep = readonly [HandshakeState, readonly HandshakeEffect[]];

/** What the dialer does first. */
export function beginDialer(context: HandshakeContext): HandshakeStep {
  const bytes = encodeHandshake({
    t: "hello",
    versions: [trunkVersion],
    role: context.self.role,
    id: context.self.id as HandshakeMessage<"hello">["id"],
    instance: context.self.instance,
    nonce: context.nonce,
  });
  return [{ kind: "awaitChallenge" }, [{ kind: "sendMessage", bytes }]];
}

/** The listener waits for `hello`. */
export function beginListener(): HandshakeStep {
  return [{ kind: "awaitHello" }, []];
}

export function stepHandshake(state: HandshakeState, event: HandshakeEvent, context: HandshakeContext): HandshakeStep {
  const row = table[state.kind] as HandshakeRow<HandshakeState>;
  return event.kind === "messageReceived"
    ? row.messageReceived(state, event.bytes, context)
    : row.deadlinePassed(state);
}

interface HandshakeRow<S extends HandshakeState> {
  readonly messageReceived: (state: S, bytes: Uint8Array, context: HandshakeContext) => HandshakeStep;
  readonly deadlinePassed: (state: S) => HandshakeStep;
}

/** Every state meets every event on purpose. */
const table: { readonly [K in HandshakeState["kind"]]: HandshakeRow<Extract<HandshakeState, { kind: K }>> } = {
  awaitChallenge: { messageReceived: meetChallenge, deadlinePassed: tooLate },
  awaitWelcome: { messageReceived: meetWelcome, deadlinePassed: tooLate },
  awaitHello: { messageReceived: meetHello, deadlinePassed: tooLate },
  awaitProof: { messageReceived: meetProof, deadlinePassed: tooLate },
  open: { messageReceived: stay, deadlinePassed: stay },
  failed: { messageReceived: stay, deadlinePassed: stay },
};

function meetHello(_state: HandshakeState, bytes: Uint8Array, context: HandshakeContext): HandshakeStep {
  const message = decodeHandshake(bytes);
  if (message?.t !== "hello") return notUnderstood("expected hello");
  if (!message.versions.includes(trunkVersion)) {
    return refuse(closeCodes.notUnderstood, {
      kind: "version",
      detail: `peer speaks ${message.versions.join(", ")}, we speak ${trunkVersion}`,
    });
  }
  const peer = identityOf(message);
  const introduction: Introduction = {
    dialer: peer,
    dialerNonce: message.nonce,
    listener: context.self,
    listenerNonce: context.nonce,
  };
  const challenge = encodeHandshake({
    t: "challenge",
    version: trunkVersion,
    role: context.self.role,
    id: context.self.id as HandshakeMessage<"challenge">["id"],
    instance: context.self.instance,
    nonce: context.nonce,
    proof: makeProof(context.key, "listener", introduction),
  });
  return [{ kind: "awaitProof", peer, introduction }, [{ kind: "sendMessage", bytes: challenge }]];
}

function meetChallenge(_state: HandshakeState, bytes: Uint8Array, context: HandshakeContext): HandshakeStep {
  const message = decodeHandshake(bytes);
  if (message?.t !== "challenge") return notUnderstood("expected challenge");
  if (message.version !== trunkVersion) {
    return refuse(closeCodes.notUnderstood, {
      kind: "version",
      detail: `peer chose ${message.version}, we offered ${trunkVersion}`,
    });
  }
  const peer = identityOf(message);
  const introduction: Introduction = {
    dialer: context.self,
    dialerNonce: context.nonce,
    listener: peer,
    listenerNonce: message.nonce,
  };
  // WIRE-5
  if (!isProof(context.key, "listener", introduction, message.proof)) return unproved();
  const proof = encodeHandshake({ t: "proof", proof: makeProof(context.key, "dialer", introduction) });
  return [{ kind: "awaitWelcome", peer }, [{ kind: "sendMessage", bytes: proof }]];
}

function meetProof(
  state: Extract<HandshakeState, { kind: "awaitProof" }>,
  bytes: Uint8Array,
  context: HandshakeContext,
): HandshakeStep {
  const message = decodeHandshake(bytes);
  if (message?.t !== "proof") return notUnderstood("expected proof");
  // WIRE-5
  if (!isProof(context.key, "dialer", state.introduction, message.proof)) return unproved();
  return [
    { kind: "open", peer: state.peer },
    [
      { kind: "sendMessage", bytes: encodeHandshake({ t: "welcome" }) },
      { kind: "openLink", peer: state.peer },
    ],
  ];
}

function meetWelcome(state: Extract<HandshakeState, { kind: "awaitWelcome" }>, bytes: Uint8Array): HandshakeStep {
  if (decodeHandshake(bytes)?.t !== "welcome") return notUnderstood("expected welcome");
  return [{ kind: "open", peer: state.peer }, [{ kind: "openLink", peer: state.peer }]];
}

function tooLate(): HandshakeStep {
  return refuse(closeCodes.credentialsMissing, { kind: "silent", detail: "the handshake took too long" });
}

function stay(state: HandshakeState): HandshakeStep {
  return [state, []];
}

function unproved(): HandshakeStep {
  return refuse(closeCodes.credentialsMissing, {
    kind: "unauthorized",
    detail: "the peer did not prove that it has the secret",
  });
}

function notUnderstood(detail: string): HandshakeStep {
  return refuse(closeCodes.notUnderstood, { kind: "protocol", detail });
}

function refuse(code: number, end: LinkEnd): HandshakeStep {
  return [{ kind: "failed", end }, [{ kind: "refusePeer", code, end }]];
}
