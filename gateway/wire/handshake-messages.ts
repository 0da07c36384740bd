import { z } from "zod";
import { parseServerId, type ServerId } from "./ids.ts";
import type { PeerIdentity } from "./link.ts";
import { decodePlain, encodePlain } from "./plain-codec.ts";
import type { PlainLimits } from "./plain-scan.ts";

/** The four messages of PROTOCOL.md's *Handshake* as bytes. */

export const handshakeBytesMax = 1024;
export const nonceBytes = 32;
export const proofBytes = 32;

const limits: PlainLimits = { bytesMax: handshakeBytesMax, depthMax: 2, itemsMax: 64 };

const exactBytes = (length: number) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length);
const version = z.number().int().min(1).max(0xffff);
/** Servers and gateways share one form of id. */
const id = z.string().transform((value, context): ServerId => {
  const parsed = parseServerId(value);
  if (parsed === undefined) context.addIssue({ code: "custom", message: "not an id" });
  return parsed as ServerId;
});
const identity = {
  role: z.enum(["gateway", "server", "control"]),
  id,
  instance: z.string().min(1).max(64),
};

const handshakeMessage = z.discriminatedUnion("t", [
  z.object({
    t: z.literal("hello"),
    versions: z.array(version).min(1).max(16),
    ...identity,
    nonce: exactBytes(nonceBytes),
  }),
  z.object({
    t: z.literal("challenge"),
    version,
    ...identity,
    nonce: exactBytes(nonceBytes),
    proof: exactBytes(proofBytes),
  }),
  z.object({ t: z.literal("proof"), proof: exactBytes(proofBytes) }),
  z.object({ t: z.literal("welcome") }),
]);

type AnyHandshakeMessage = z.output<typeof handshakeMessage>;
export type HandshakeMessage<T extends AnyHandshakeMessage["t"] = AnyHandshakeMessage["t"]> = Extract<
  AnyHandshakeMessage,
  { t: T }
>;

export function encodeHandshake(message: HandshakeMessage): Uint8Array {
  return encodePlain(message, limits);
}

/** `undefined` for anything but one of the four. */
export function decodeHandshake(bytes: Uint8Array): HandshakeMessage | undefined {
  const decoded = decodePlain(bytes, limits);
  return decoded.kind === "fault" ? undefined : handshakeMessage.safeParse(decoded.value).data;
}

/** The part of a message that names its sender. */
export function identityOf(message: HandshakeMessage<"hello" | "challenge">): PeerIdentity {
  return { role: message.role, id: message.id, instance: message.instance };
}
