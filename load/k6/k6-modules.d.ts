/** What these scenarios use of k6 (1.6 or newer), as it documents it; k6 itself gives no types. */

/** Set with `-e NAME=value`, and from the environment. */
declare const __ENV: Readonly<Record<string, string | undefined>>;

declare module "k6" {
  /** Blocks this VU, its sockets and timers too. */
  export function sleep(seconds: number): void;
}

declare module "k6/execution" {
  interface Execution {
    readonly instance: {
      /** Milliseconds since the run began, with fractions, on one clock for all VUs. */
      readonly currentTestRunDuration: number;
    };
    readonly scenario: {
      readonly name: string;
      /** From 0, different for each iteration of this scenario. */
      readonly iterationInTest: number;
    };
    readonly test: { abort(reason?: string): never };
  }
  const execution: Execution;
  export default execution;
}

declare module "k6/http" {
  interface Answer {
    /** 0 where there was none. */
    readonly status: number;
    readonly body: string | null;
    json(): unknown;
  }
  interface RequestParams {
    readonly headers?: Readonly<Record<string, string>>;
    readonly tags?: Readonly<Record<string, string>>;
    readonly timeout?: string;
  }
  const http: {
    get(url: string, params?: RequestParams): Answer;
    post(url: string, body: string | null, params?: RequestParams): Answer;
  };
  export default http;
}

declare module "k6/metrics" {
  type Tags = Readonly<Record<string, string>>;
  export class Counter {
    constructor(name: string, isTime?: boolean);
    add(value: number, tags?: Tags): void;
  }
  export class Trend {
    constructor(name: string, isTime?: boolean);
    add(value: number, tags?: Tags): void;
  }
}

declare module "k6/websockets" {
  interface OpenEvent {
    readonly timestamp: number;
  }
  interface MessageEvent {
    /** When k6 read it from its socket, in ms since 1970, with fractions. */
    readonly timestamp: number;
    readonly data: string | ArrayBuffer;
  }
  interface CloseEvent {
    /** Missing where the connection was cut. */
    readonly code?: number;
    readonly reason: string;
  }
  interface ErrorEvent {
    readonly error: string;
  }
  export class WebSocket {
    constructor(url: string, protocols?: string | null, params?: { readonly tags?: Readonly<Record<string, string>> });
    binaryType: "arraybuffer" | "blob";
    readonly readyState: number;
    onopen: ((event: OpenEvent) => void) | null;
    onmessage: ((event: MessageEvent) => void) | null;
    onclose: ((event: CloseEvent) => void) | null;
    onerror: ((event: ErrorEvent) => void) | null;
    /** Throws where the socket is not open. */
    send(data: string | ArrayBuffer | Uint8Array): void;
    close(code?: number, reason?: string): void;
  }
}
