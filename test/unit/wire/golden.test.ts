import { describe, expect, test } from "vitest";
import { readBatch } from "../../../gateway/wire/batch-reader.ts";
import { decodeControl, encodeControl } from "../../../gateway/wire/control-codec.ts";
import { frameTypes, trunkVersion } from "../../../gateway/wire/frames.ts";
import { decodeHandshake, encodeHandshake } from "../../../gateway/wire/handshake-messages.ts";
import { makeProof, makeTrunkKey } from "../../../gateway/wire/handshake-proof.ts";
import type { ServerId } from "../../../gateway/wire/ids.ts";
import { type Frame, recordFrames } from "../../support/frames.ts";
import { batchOf } from "../../support/write-batch.ts";
import { goldenControls, goldenFrames, goldenHandshake, goldenProofs, goldenVersion } from "./golden.ts";
import { sampleControls, sampleFrames, sampleHandshake } from "./golden-samples.ts";

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytesOf = (hex: string | undefined) => new Uint8Array(Buffer.from(hex ?? "", "hex"));

test("WIRE-3: the golden bytes are those of the version that peers agree on", () => {
  expect(trunkVersion).toBe(goldenVersion);
});

test("WIRE-3: every frame type has golden bytes", () => {
  const typesSeen = new Set(Object.values(goldenFrames).map((hex) => bytesOf(hex)[4]));
  expect(typesSeen).toEqual(new Set(Object.values(frameTypes)));
  expect(Object.keys(goldenFrames)).toEqual(Object.keys(sampleFrames));
  expect(Object.keys(goldenControls)).toEqual(Object.keys(sampleControls));
  expect(Object.keys(goldenHandshake)).toEqual(Object.keys(sampleHandshake));
});

describe("WIRE-3: frames", () => {
  test.each(Object.entries<Frame>(sampleFrames))(
    "%s is written as its golden bytes, and read from them",
    (name, frame) => {
      expect(hexOf(batchOf(frame))).toBe(goldenFrames[name]);
      const frames: Frame[] = [];
      const handler = recordFrames(frames);
      expect(readBatch(bytesOf(goldenFrames[name]), handler, handler)).toBeUndefined();
      expect(frames).toEqual([frame]);
    },
  );
});

describe("WIRE-3: control messages", () => {
  test.each(Object.entries(sampleControls))("%s", (name, message) => {
    expect(hexOf(encodeControl(message))).toBe(goldenControls[name]);
    expect(decodeControl(bytesOf(goldenControls[name]))).toEqual({ kind: "message", message });
  });
});

describe("WIRE-3: handshake messages", () => {
  test.each(Object.entries(sampleHandshake))("%s", (name, message) => {
    expect(hexOf(encodeHandshake(message))).toBe(goldenHandshake[name]);
    expect(decodeHandshake(bytesOf(goldenHandshake[name]))).toEqual(message);
  });

  test.each(["listener", "dialer"] as const)("the proof of the %s", (prover) => {
    const proof = makeProof(makeTrunkKey("secret"), prover, {
      dialer: { role: "gateway", id: "g1" as ServerId, instance: "i1" },
      dialerNonce: new Uint8Array(32).fill(1),
      listener: { role: "server", id: "s2" as ServerId, instance: "i2" },
      listenerNonce: new Uint8Array(32).fill(2),
    });
    expect(hexOf(proof)).toBe(goldenProofs[prover]);
  });
});
