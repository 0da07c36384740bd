/**
 * Where clients come in. Two adapters, on uWebSockets.js and on `ws`, and one contract suite (`test/contract/listener`).
 */
export interface Listener {
  /** The port that is really bound (the request may have been 0). */
  readonly port: number;
  readonly engine: "uWebSockets.js" | "ws";
  /** Stops accepting. Open sockets stay. */
  stopListening(): void;
  /** Stops accepting and terminates what is left. */
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Largest message of a client, whole; above it the socket is closed with 1009 and nothing of it is handed on. Default 1 MiB. */
  readonly messageBytesMax: number;
  /**
   * A socket whose unsent bytes would exceed this refuses a frame with `dropped`. One that has sent everything takes one frame of
   * any size, so that a large message always has a chance.
   */
  readonly sendBufferBytesMax: number;
  /** A ping to every socket this often; default 25 000. */
  readonly pingEveryMs: number;
  /**
   * A socket from which no whole message and no pong came for this long is ended with 1006; default 60 000. Looked at when its
   * ping is due, so at most `pingEveryMs` later.
   */
  readonly silenceMsMax: number;
  /**
   * Several processes on purpose share the port, and the operating system spreads connections over them. Default false: a port
   * that is taken is `port-taken`. Not for port 0. On `ws` it needs Node 22.12 or newer, and is `listen-failed` where it cannot be.
   */
  readonly sharePort?: boolean;
}

/** Rejects with a `RoomgateError`: `port-taken`, `listen-failed`, or `engine-missing` where the adapter cannot run here. */
export type OpenListener = (options: ListenerOptions, site: Site) => Promise<Listener>;

/** What the gateway is for a listener. */
export interface Site {
  /** A plain request that is no upgrade. Called for every method; must answer at once. */
  respond(request: PlainRequest): PlainReply;
  /**
   * Decides an upgrade that is well-formed by RFC 6455; the listener has answered the others (426, 400) by itself.
   * May take its time: the client may be gone by then, and then `attach` is never called. Never rejects.
   */
  admit(request: UpgradeRequest): Admission | Promise<Admission>;
}

export interface PlainRequest {
  readonly method: string;
  /** Path without query, not decoded. */
  readonly path: string;
  readonly query: string;
  readonly header: (lowerCaseName: string) => string;
}

export interface PlainReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/** Everything is copied: it may be kept. */
export interface UpgradeRequest {
  readonly path: string;
  readonly query: string;
  /** Offered subprotocols in the client's order. */
  readonly protocols: readonly string[];
  readonly header: (lowerCaseName: string) => string;
  /** Client's address, textual. */
  readonly remoteAddress: string;
}

export type Admission =
  | {
      readonly kind: "accept";
      /** One of those offered; `undefined` selects none. */
      readonly protocol: string | undefined;
      /** Called once, when the socket is open; gives who hears of it from then on. */
      attach(socket: ClientSocket): SocketHandler;
    }
  | { readonly kind: "refuse"; readonly reply: PlainReply };

export interface SocketHandler {
  /** One whole message. `bytes` dies when the call returns: copy to keep. */
  message(bytes: Uint8Array, isText: boolean): void;
  /** Some of what was buffered has been sent; `bufferedBytes` says what is left. A hint, it may come late or often. */
  drained(): void;
  /**
   * The last call, never from inside a call to the socket. After our own `close` the code that it was given; else the client's,
   * 1005 where its close frame had none, 1006 where the connection ended without a close frame or with a code that may not be sent.
   */
  closed(code: number): void;
}

export interface ClientSocket {
  /** Queues one frame; the bytes are copied before return. `dropped` means not delivered: the caller decides what then. Never throws, also after close. */
  send(frame: Uint8Array, isText: boolean): "sent" | "buffered" | "dropped";
  readonly bufferedBytes: number;
  /** Writes of `work` go out together. Runs `work` at once, exactly once, also on a closed socket. */
  cork(work: () => void): void;
  /**
   * Close handshake. `closed` follows, at the latest after a few seconds also where the client does not answer; no message comes
   * any more. The reason is cut to 123 bytes; a code that may not be sent becomes 1000. Safe to repeat: the first one counts.
   */
  close(code: number, reason: string): void;
  /** Ends it without a handshake. */
  terminate(): void;
}
