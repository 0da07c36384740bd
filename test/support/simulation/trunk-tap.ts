import { readBatch } from "../../../gateway/wire/batch-reader.ts";
import { decodeControl } from "../../../gateway/wire/control-codec.ts";
import type { FrameHandler } from "../../../gateway/wire/frames.ts";
import { positionGivenUp } from "../../../gateway/wire/ids.ts";
import type { DialPipe } from "../../../gateway/wire/pipe.ts";

/** A gateway's side of its trunks is told of every acknowledgement: `session` is a number of that gateway. */
export type AckHeard = (session: number, cseq: number) => void;

/** Challenge and welcome: what comes before the first batch. */
const handshakeMessages = 2;

/** Listens to what comes to a gateway, without changing it. */
export function tapDials(dialPipe: DialPipe, heard: AckHeard): DialPipe {
  const tap = new AckTap(heard);
  return (address, attach, failed) =>
    dialPipe(
      address,
      (pipe) => {
        const handler = attach(pipe);
        let messages = 0;
        return {
          onMessage: (message) => {
            messages += 1;
            if (messages > handshakeMessages) readBatch(message, tap, tap);
            handler.onMessage(message);
          },
          onDrained: () => handler.onDrained(),
          onEnd: (end) => handler.onEnd(end),
        };
      },
      failed,
    );
}

class AckTap implements FrameHandler {
  readonly #heard: AckHeard;

  constructor(heard: AckHeard) {
    this.#heard = heard;
  }

  onAck(_channel: number, _epoch: number, pairs: Uint8Array): void {
    this.#readPairs(pairs);
  }

  /** What a server says of positions counts as acknowledged too. */
  onControl(bytes: Uint8Array): void {
    const decoded = decodeControl(bytes);
    if (decoded.kind !== "fault" && decoded.message.t === "bound") this.#readPairs(decoded.message.positions);
  }

  onJoin(): void {}
  onUp(): void {}
  onLeave(): void {}
  onDown(): void {}
  onBroadcast(): void {}
  onMulticast(): void {}
  onClose(): void {}
  onSeen(): void {}
  onFlow(): void {}
  onChunk(): void {}
  onPing(): void {}
  onPong(): void {}

  #readPairs(pairs: Uint8Array): void {
    const view = new DataView(pairs.buffer, pairs.byteOffset, pairs.byteLength);
    for (let at = 0; at + 8 <= pairs.length; at += 8) {
      const cseq = view.getUint32(at + 4, true);
      if (cseq > 0 && cseq !== positionGivenUp) this.#heard(view.getUint32(at, true), cseq);
    }
  }
}
