import { describe, expect, test } from "vitest";
import { trunkVersion } from "../../../gateway/wire/frames.ts";
import {
  beginDialer,
  beginListener,
  type HandshakeContext,
  type HandshakeEffect,
  type HandshakeState,
  stepHandshake,
} from "../../../gateway/wire/handshake.ts";
import { decodeHandshake, encodeHandshake, handshakeBytesMax } from "../../../gateway/wire/handshake-messages.ts";
import { makeProof, makeTrunkKey } from "../../../gateway/wire/handshake-proof.ts";
import type { GatewayId, ServerId } from "../../../gateway/wire/ids.ts";
import type { PeerIdentity } from "../../../gateway/wire/link.ts";
import { encodePlain } from "../../../gateway/wire/plain-codec.ts";
import { batchOf } from "../../support/write-batch.ts";

const gateway: PeerIdentity = { role: "gateway", id: "g1" as GatewayId, instance: "i1" };
const server: PeerIdentity = { role: "server", id: "s1" as ServerId, instance: "i2" };
const key = makeTrunkKey("a secret of some length");

/** One side of a connection, stepped by hand. */
class Side {
  readonly context: HandshakeContext;
  state: HandshakeState;
  readonly effects: HandshakeEffect[] = [];

  constructor(side: "dialer" | "listener", self: PeerIdentity, options: { secret?: string; nonce: number }) {
    this.context = {
      self,
      key: options.secret === undefined ? key : makeTrunkKey(options.secret),
      nonce: new Uint8Array(32).fill(options.nonce),
    };
    const [state, effects] = side === "dialer" ? beginDialer(this.context) : beginListener();
    this.state = state;
    this.effects.push(...effects);
  }

  receive(bytes: Uint8Array): this {
    const [state, effects] = stepHandshake(this.state, { kind: "messageReceived", bytes }, this.context);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  passDeadline(): this {
    const [state, effects] = stepHandshake(this.state, { kind: "deadlinePassed" }, this.context);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  /** The last message that it sent. */
  get sent(): Uint8Array {
    const sent = this.effects.filter((effect) => effect.kind === "sendMessage").at(-1);
    if (sent === undefined) throw new Error("nothing was sent");
    return sent.bytes;
  }

  get refusal(): { code: number; kind: string } | undefined {
    const refused = this.effects.find((effect) => effect.kind === "refusePeer");
    return refused === undefined ? undefined : { code: refused.code, kind: refused.end.kind };
  }

  get peer(): PeerIdentity | undefined {
    return this.effects.find((effect) => effect.kind === "openLink")?.peer;
  }
}

const dialer = (options: { secret?: string; nonce?: number } = {}) =>
  new Side("dialer", gateway, { nonce: 1, ...options });
const listener = (options: { secret?: string; nonce?: number } = {}) =>
  new Side("listener", server, { nonce: 2, ...options });

/** The message with some fields replaced. */
function alter(bytes: Uint8Array, fields: object): Uint8Array {
  return encodePlain({ ...decodeHandshake(bytes), ...fields });
}

const unauthorized = { code: 4401, kind: "unauthorized" };
const protocol = { code: 4400, kind: "protocol" };

test("WIRE-5: two sides with one secret learn each other's identity", () => {
  const [near, far] = [dialer(), listener()];
  far.receive(near.sent);
  near.receive(far.sent);
  far.receive(near.sent);
  expect(far.peer).toEqual(gateway);
  expect(near.peer).toBeUndefined();
  near.receive(far.sent);
  expect(near.peer).toEqual(server);
});

test("WIRE-5: a listener with another secret is not believed, and gets no proof", () => {
  const [near, far] = [dialer(), listener({ secret: "another" })];
  far.receive(near.sent);
  const hello = near.sent;
  near.receive(far.sent);
  expect(near.refusal).toEqual(unauthorized);
  expect(near.sent).toBe(hello);
});

test("WIRE-5: a dialer with another secret is not believed", () => {
  const far = listener().receive(dialer().sent);
  const near = dialer({ secret: "another" });
  const forged = encodeHandshake({
    t: "proof",
    proof: makeProof(near.context.key, "dialer", {
      dialer: gateway,
      dialerNonce: near.context.nonce,
      listener: server,
      listenerNonce: far.context.nonce,
    }),
  });
  far.receive(forged);
  expect(far.refusal).toEqual(unauthorized);
  expect(far.peer).toBeUndefined();
});

test("WIRE-5: a proof that was overheard does not open another connection", () => {
  const [near, far] = [dialer(), listener()];
  far.receive(near.sent);
  near.receive(far.sent);
  const overheard = near.sent;
  const later = listener({ nonce: 3 }).receive(dialer().sent).receive(overheard);
  expect(later.refusal).toEqual(unauthorized);
});

test("WIRE-5: a challenge that was overheard does not convince another dialer", () => {
  const overheard = listener().receive(dialer().sent).sent;
  expect(dialer({ nonce: 9 }).receive(overheard).refusal).toEqual(unauthorized);
});

test("WIRE-5: a listener's own proof sent back to it proves nothing", () => {
  const far = listener().receive(dialer().sent);
  const challenge = decodeHandshake(far.sent);
  if (challenge?.t !== "challenge") throw new Error("no challenge");
  far.receive(encodeHandshake({ t: "proof", proof: challenge.proof }));
  expect(far.refusal).toEqual(unauthorized);
});

describe("WIRE-5: an identity that was changed on the way is not believed", () => {
  const changes: Record<string, object> = {
    id: { id: "s9" },
    role: { role: "control" },
    instance: { instance: "i9" },
    nonce: { nonce: new Uint8Array(32).fill(8) },
  };
  test.each(Object.entries(changes))("the listener's %s", (_field, change) => {
    const near = dialer();
    const far = listener().receive(near.sent);
    expect(near.receive(alter(far.sent, change)).refusal).toEqual(unauthorized);
  });

  test.each(Object.entries(changes))("the dialer's %s", (_field, change) => {
    const near = dialer();
    const far = listener().receive(alter(near.sent, change));
    // The challenge already speaks of another dialer.
    expect(near.receive(far.sent).refusal).toEqual(unauthorized);
  });

  test("identities swapped", () => {
    const far = listener().receive(dialer().sent);
    const swapped = makeProof(key, "dialer", {
      dialer: server,
      dialerNonce: new Uint8Array(32).fill(1),
      listener: gateway,
      listenerNonce: far.context.nonce,
    });
    expect(far.receive(encodeHandshake({ t: "proof", proof: swapped })).refusal).toEqual(unauthorized);
  });

  test("a letter that moves from one field to the next", () => {
    const introduction = { dialer: gateway, dialerNonce: new Uint8Array(32), listenerNonce: new Uint8Array(32) };
    const one = makeProof(key, "dialer", {
      ...introduction,
      listener: { ...server, id: "ab" as ServerId, instance: "c" },
    });
    const other = makeProof(key, "dialer", {
      ...introduction,
      listener: { ...server, id: "a" as ServerId, instance: "bc" },
    });
    expect(one).not.toEqual(other);
  });
});

describe("versions", () => {
  test("a dialer without a common version is told so", () => {
    const far = listener().receive(alter(dialer().sent, { versions: [trunkVersion + 1, trunkVersion + 2] }));
    expect(far.refusal).toEqual({ code: 4400, kind: "version" });
  });

  test("a dialer with more versions than ours is taken", () => {
    const far = listener().receive(alter(dialer().sent, { versions: [trunkVersion + 1, trunkVersion] }));
    expect(far.state.kind).toBe("awaitProof");
  });

  test("a listener that chooses what was not offered is refused", () => {
    const near = dialer();
    const far = listener().receive(near.sent);
    expect(near.receive(alter(far.sent, { version: trunkVersion + 1 })).refusal).toEqual({
      code: 4400,
      kind: "version",
    });
  });
});

describe("WIRE-6: whatever is not the next message ends it", () => {
  const hello = dialer().sent;
  const garbage: Record<string, Uint8Array> = {
    nothing: new Uint8Array(0),
    "random bytes": Uint8Array.of(0xc1, 1, 2),
    "a batch": batchOf({ t: "flow", channel: 1, epoch: 1, windowBytes: 1 }),
    "welcome at once": encodePlain({ t: "welcome" }),
    "a nonce of 31 bytes": alter(hello, { nonce: new Uint8Array(31) }),
    "a nonce of text": alter(hello, { nonce: "x".repeat(32) }),
    "no versions": alter(hello, { versions: [] }),
    "a role that there is not": alter(hello, { role: "admin" }),
    "an id with a slash": alter(hello, { id: "a/b" }),
    "no instance": alter(hello, { instance: "" }),
    "an oversized hello": alter(hello, { padding: "x".repeat(handshakeBytesMax) }),
  };
  test.each(Object.entries(garbage))("to a listener: %s", (_name, bytes) => {
    expect(listener().receive(bytes).refusal).toEqual(protocol);
  });

  test.each(Object.entries(garbage))("to a dialer: %s", (_name, bytes) => {
    expect(dialer().receive(bytes).refusal).toEqual(protocol);
  });

  test("hello twice", () => {
    expect(listener().receive(hello).receive(hello).refusal).toEqual(protocol);
  });

  test("a proof of 31 bytes", () => {
    const far = listener().receive(hello);
    expect(far.receive(encodePlain({ t: "proof", proof: new Uint8Array(31) })).refusal).toEqual(protocol);
  });

  test("something else where welcome is due", () => {
    const near = dialer();
    const far = listener().receive(near.sent);
    const challenge = far.sent;
    expect(near.receive(challenge).receive(challenge).refusal).toEqual(protocol);
    expect(near.peer).toBeUndefined();
  });
});

test("WIRE-6: the deadline ends each state that waits", () => {
  const waiting = dialer();
  const challenged = listener().receive(waiting.sent);
  const proving = dialer().receive(challenged.sent);
  for (const side of [waiting, listener(), challenged, proving]) {
    expect(side.passDeadline().refusal).toEqual({ code: 4401, kind: "silent" });
  }
});

test("a machine that is done stays as it is, whatever comes", () => {
  const near = dialer();
  const far = listener().receive(near.sent);
  near.receive(far.sent);
  far.receive(near.sent);
  const failed = listener().receive(new Uint8Array(1));
  for (const side of [far, failed]) {
    const before = { state: side.state, effects: side.effects.length };
    side.receive(near.sent).passDeadline();
    expect({ state: side.state, effects: side.effects.length }).toEqual(before);
  }
});

test("an empty secret is refused at once", () => {
  expect(() => makeTrunkKey("")).toThrow(RangeError);
});
