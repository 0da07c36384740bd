import { readBatch } from "../../../gateway/wire/batch-reader.ts";
import { BatchWriter } from "../../../gateway/wire/batch-writer.ts";
import type { Control, ControlMessage } from "../../../gateway/wire/control.ts";
import { decodeJoinInfo } from "../../../gateway/wire/control-codec.ts";
import type { DeliveryClass } from "../../../gateway/wire/frames.ts";
import type { ServerId } from "../../../gateway/wire/ids.ts";
import type { LinkEnd, LinkHandler, PeerIdentity, TrunkDialer, TrunkLink } from "../../../gateway/wire/link.ts";
import type { Runtime } from "../../../gateway/wire/runtime.ts";
import { type Frame, writeAnyFrame } from "../frames.ts";

type Answer = { kind: "serve"; server: string } | { kind: "fail"; end: LinkEnd["kind"] } | { kind: "hang" };

/** Servers at addresses, as far as a gateway's trunks can tell: a test says who answers, and plays the servers' part. */
export class FakeTrunks implements TrunkDialer {
  readonly dials: string[] = [];
  readonly links: FakeLink[] = [];
  readonly #runtime: Runtime;
  readonly #answers = new Map<string, Answer>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  serve(address: string, server: string): void {
    this.#answers.set(address, { kind: "serve", server });
  }

  fail(address: string, end: LinkEnd["kind"]): void {
    this.#answers.set(address, { kind: "fail", end });
  }

  hang(address: string): void {
    this.#answers.set(address, { kind: "hang" });
  }

  /** The newest link to the server. */
  link(server: string): FakeLink {
    const link = this.links.findLast((one) => one.peer.id === server);
    if (link === undefined) throw new Error(`there was never a trunk to ${server}`);
    return link;
  }

  dial(address: string, attach: (link: TrunkLink) => LinkHandler, failed: (end: LinkEnd) => void): { cancel(): void } {
    this.dials.push(address);
    let isCancelled = false;
    this.#runtime.soon(() => {
      const answer = this.#answers.get(address) ?? { kind: "fail", end: "refused" };
      if (isCancelled || answer.kind === "hang") return;
      if (answer.kind === "fail") {
        failed({ kind: answer.end, detail: "as the test wants it" });
        return;
      }
      const link = new FakeLink({ role: "server", id: answer.server as ServerId, instance: "1" });
      this.links.push(link);
      link.handler = attach(link);
    });
    return {
      cancel: () => {
        isCancelled = true;
      },
    };
  }
}

/** The gateway's end of a trunk. What the gateway writes is kept as values; what the server says goes through real bytes. */
export class FakeLink implements TrunkLink {
  readonly peer: PeerIdentity;
  readonly written: Frame[] = [];
  handler: LinkHandler | undefined = undefined;
  bufferedBytes = 0;
  isEnded = false;
  #taken = 0;

  constructor(peer: PeerIdentity) {
    this.peer = peer;
  }

  /** What was written since the last call. */
  take(): Frame[] {
    const frames = this.written.slice(this.#taken);
    this.#taken = this.written.length;
    return frames;
  }

  controls<T extends ControlMessage["t"]>(t: T): Control<T>[] {
    return this.written.flatMap((frame) =>
      frame.t === "control" && frame.message.t === t ? [frame.message as Control<T>] : [],
    );
  }

  /** The newest `bind`. */
  get bind(): Control<"bind"> {
    const bind = this.controls("bind").at(-1);
    if (bind === undefined) throw new Error("nothing was bound on this trunk");
    return bind;
  }

  /** One batch from the server. */
  deliver(...frames: Frame[]): void {
    if (this.isEnded || this.handler === undefined) throw new Error("nothing comes over a trunk that is not there");
    const batches: Uint8Array[] = [];
    const writer = new BatchWriter(
      () => undefined,
      (batch) => batches.push(batch.slice()),
    );
    for (const frame of frames) writeAnyFrame(writer, frame);
    writer.flush();
    for (const batch of batches) {
      const fault = readBatch(batch, this.handler, { onPing: () => undefined, onPong: () => undefined });
      if (fault !== undefined) throw new Error(`the test wrote a batch that is not one: ${fault.rule}`);
      this.handler.onBatchEnd?.();
      // A payload that was kept without a copy shows.
      batch.fill(0xee);
    }
  }

  control(message: ControlMessage): void {
    this.#write({ t: "control", message });
  }

  /** Server's side: one control message as a batch. */
  tell(message: ControlMessage): void {
    this.deliver({ t: "control", message });
  }

  end(kind: LinkEnd["kind"]): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.handler?.onEnd({ kind, detail: "as the test wants it" });
  }

  close(): void {
    this.end("closed");
  }

  requestFlush(): void {}
  whenHeard(): void {}

  join(channel: number, epoch: number, session: number, cseq: number, bytes: Uint8Array): void {
    const info = decodeJoinInfo(bytes);
    if (info === undefined) throw new Error("a join that does not decode was written");
    this.#write({ t: "join", channel, epoch, session, cseq, info });
  }

  up(channel: number, epoch: number, session: number, cseq: number, isText: boolean, payload: Uint8Array): void {
    this.#write({ t: "up", channel, epoch, session, cseq, isText, payload: payload.slice() });
  }

  leave(channel: number, epoch: number, session: number, cseq: number, code: number): void {
    this.#write({ t: "leave", channel, epoch, session, cseq, code });
  }

  seen(channel: number, epoch: number, rseq: number): void {
    this.#write({ t: "seen", channel, epoch, rseq });
  }

  down(channel: number, epoch: number, session: number, delivery: DeliveryClass): void {
    throw new Error(`a gateway wrote down ${channel} ${epoch} ${session} ${delivery}`);
  }

  broadcast(channel: number): void {
    throw new Error(`a gateway wrote a broadcast on ${channel}`);
  }

  multicast(channel: number): void {
    throw new Error(`a gateway wrote a multicast on ${channel}`);
  }

  closeSession(channel: number): void {
    throw new Error(`a gateway wrote a close on ${channel}`);
  }

  ack(channel: number): void {
    throw new Error(`a gateway wrote an ack on ${channel}`);
  }

  flow(channel: number): void {
    throw new Error(`a gateway wrote a flow on ${channel}`);
  }

  chunk(transfer: number): void {
    throw new Error(`a gateway wrote a chunk of ${transfer}`);
  }

  #write(frame: Frame): void {
    if (!this.isEnded) this.written.push(frame);
  }
}
