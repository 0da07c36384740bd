import type { z } from "zod";
import { type ControlMessage, controlMessage, type JoinInfo, joinInfo } from "./control.ts";
import { controlBytesMax } from "./frame-layout.ts";
import { decodePlain, encodePlain, plainLimitsDefault } from "./plain-codec.ts";
import type { PlainLimits } from "./plain-scan.ts";
import { protocolLengthMax, targetLengthMax } from "./text-limits.ts";

export { decodePlain, encodePlain } from "./plain-codec.ts";

/** Control messages as bytes: plain MessagePack within bounds, then the shape that `control.ts` gives. */

const controlLimits: PlainLimits = { ...plainLimitsDefault, bytesMax: controlBytesMax, depthMax: 16 };
/** Query and protocol at their longest, in UTF-8, and their names. */
const joinInfoLimits: PlainLimits = {
  bytesMax: 3 * (targetLengthMax + protocolLengthMax) + 64,
  depthMax: 1,
  itemsMax: 16,
};

export type ControlDecoded =
  | { readonly kind: "message"; readonly message: ControlMessage }
  | { readonly kind: "fault"; readonly rule: string };

/** Throws a `RoomgateError` (`not-plain-data`, `too-big`) where `answer.value` cannot be sent. Keys that are `undefined` are left out. */
export function encodeControl(message: ControlMessage): Uint8Array {
  const defined = Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined));
  return encodePlain(defined, controlLimits);
}

/** Never throws. What a trunk link has handed on always decodes: its reader has checked it. */
export function decodeControl(bytes: Uint8Array): ControlDecoded {
  const decoded = decodePlain(bytes, controlLimits);
  if (decoded.kind === "fault") return decoded;
  const parsed = controlMessage.safeParse(decoded.value);
  return parsed.success ? { kind: "message", message: parsed.data } : { kind: "fault", rule: shapeRule(parsed.error) };
}

export function encodeJoinInfo(info: JoinInfo): Uint8Array {
  return encodePlain(info, joinInfoLimits);
}

/** `undefined` for anything but the bytes of a `JoinInfo`. */
export function decodeJoinInfo(bytes: Uint8Array): JoinInfo | undefined {
  const decoded = decodePlain(bytes, joinInfoLimits);
  return decoded.kind === "fault" ? undefined : joinInfo.safeParse(decoded.value).data;
}

/** Where the shape is broken; never what was there instead, since rules are logged. */
function shapeRule(error: z.ZodError): string {
  const path = error.issues[0]?.path.join(".") ?? "";
  return path === "" ? "no control message" : `no control message: ${path}`;
}
