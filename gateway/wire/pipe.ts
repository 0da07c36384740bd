/**
 * A connection that carries whole binary messages in order: what a trunk needs from a network, and no more. Adapters:
 * `ws-pipe.ts` and, for the listening side, `uws-pipe.ts` on real sockets, `memory-pipe.ts` within one process; `test/contract/link` holds both to this page.
 */
export interface Pipe {
  /** Of the peer, for the log. */
  readonly remoteAddress: string;
  /** Bytes sent and not yet taken by the operating system. */
  readonly bufferedBytes: number;
  /** Bytes that have come in so far, those of unfinished messages too. Whether it moves tells whether the peer is heard. */
  readonly receivedBytes: number;
  /**
   * Never throws; does nothing on an ended pipe. The caller must not change `message` until `taken` is called, once, within this call or
   * later: the bytes are with the operating system, copied, or gone. Where the pipe ends it may never be called.
   */
  send(message: Uint8Array, taken?: () => void): void;
  /** The peer has proved itself. Until then the pipe ends with `protocol` when more than {@link untrustedBytesMax} have come in. */
  trust(): void;
  /** Sends what is waiting, then ends. `onEnd` follows with `closed`, after {@link closeMsMax} also where the peer does not answer. */
  close(code: number, reason: string): void;
  /** Ends at once; the peer meets a reset. `onEnd` follows with `closed`. */
  terminate(): void;
}

/** None of these is called within a call of the pipe. `onEnd` is called exactly once, last. */
export interface PipeHandler {
  /** The bytes may change after the call: copy to keep. */
  onMessage(message: Uint8Array): void;
  /** `bufferedBytes` was above 0 and is 0 now. */
  onDrained(): void;
  onEnd(end: PipeEnd): void;
}

/**
 * Why a pipe ended or never came to be. `refused`: the peer's operating system says that its process is gone. `reset`: that, or the network's doing. `silent`: no answer,
 * no way to the peer, or a failure on our side: no evidence of anything. `closed`: with a close `code`, by either side.
 * `protocol`: the peer broke the rules of the transport.
 */
export interface PipeEnd {
  readonly kind: "refused" | "reset" | "silent" | "closed" | "protocol";
  /** 0 where there is none. */
  readonly code: number;
  readonly detail: string;
}

/** Calls `attach` once when the pipe is open, or `failed` once; neither within the call itself, and neither after `cancel`. */
export type DialPipe = (
  address: string,
  attach: (pipe: Pipe) => PipeHandler,
  failed: (end: PipeEnd) => void,
) => { cancel(): void };

export interface PipeListener {
  /** `host:port` as bound. */
  readonly address: string;
  /** Stops accepting. Open pipes stay. */
  stopListening(): void;
  /** Stops accepting and terminates what is left. */
  close(): Promise<void>;
}

/** Rejects with a `RoomgateError` (`port-taken`, `listen-failed`). Port 0 picks a free one. */
export type ListenPipe = (
  options: { readonly host: string; readonly port: number },
  attach: (pipe: Pipe) => PipeHandler,
) => Promise<PipeListener>;

/** What a peer may send before it is trusted: two handshake messages, with room to spare. */
export const untrustedBytesMax = 4 * 1024;
export const closeMsMax = 2_000;
/** One frame of the largest kind, and some room. */
export const messageBytesMax = 18 * 1024 * 1024;
