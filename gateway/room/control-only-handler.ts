import type { ControlMessage } from "../wire/control.ts";
import { decodeControl } from "../wire/control-codec.ts";
import type { FrameHandler } from "../wire/frames.ts";
import type { LinkEnd, LinkHandler } from "../wire/link.ts";

/** A link on which only control messages and chunks mean something: between servers, and from the operating side. */
export function controlOnlyHandler(hears: {
  control(message: ControlMessage): void;
  chunk?: FrameHandler["onChunk"];
  ended(end: LinkEnd): void;
}): LinkHandler {
  const ignore = (): void => {};
  return {
    onControl: (bytes) => {
      const decoded = decodeControl(bytes);
      if (decoded.kind === "message") hears.control(decoded.message);
    },
    onChunk: hears.chunk ?? ignore,
    onEnd: (end) => hears.ended(end),
    onDrained: ignore,
    onJoin: ignore,
    onUp: ignore,
    onLeave: ignore,
    onDown: ignore,
    onBroadcast: ignore,
    onMulticast: ignore,
    onClose: ignore,
    onAck: ignore,
    onSeen: ignore,
    onFlow: ignore,
  };
}
