import type {
  Admission,
  Listener,
  ListenerOptions,
  OpenListener,
  PlainReply,
  Site,
  SocketHandler,
} from "../../../gateway/edge/listener.ts";
import type { RoomgateError } from "../../../gateway/wire/errors.ts";
import { FakeSocket } from "./fake-socket.ts";

/** A socket whose client takes part in the close handshake. */
class PoliteSocket extends FakeSocket {
  handler: SocketHandler | undefined = undefined;

  override close(code: number, reason: string): void {
    if (this.closes.length > 0) return;
    super.close(code, reason);
    this.handler?.closed(code);
  }
}

export interface FakeClient {
  readonly socket: FakeSocket;
  readonly handler: SocketHandler;
  readonly protocol: string | undefined;
}

/** A listener that a test speaks through. */
export class FakeListener implements Listener {
  readonly engine = "ws";
  readonly port = 8080;
  isListening = true;
  isClosed = false;
  readonly #site: Site;

  constructor(site: Site) {
    this.#site = site;
  }

  get(path: string, method = "GET"): PlainReply {
    return this.#site.respond({ method, path, query: "", header: () => "" });
  }

  admit(path: string, options: { query?: string; protocols?: string[] } = {}): Admission {
    const { query = "", protocols = [] } = options;
    const admission = this.#site.admit({ path, query, protocols, header: () => "", remoteAddress: "127.0.0.1" });
    if (admission instanceof Promise) throw new Error("the gateway decides at once");
    return admission;
  }

  /** Status of a refusal; 101 for an upgrade. */
  status(path: string, options?: { query?: string; protocols?: string[] }): number {
    const admission = this.admit(path, options);
    return admission.kind === "accept" ? 101 : admission.reply.status;
  }

  connect(path: string, options?: { query?: string; protocols?: string[] }): FakeClient {
    const admission = this.admit(path, options);
    if (admission.kind === "refuse") throw new Error(`refused: ${admission.reply.status}`);
    const socket = new PoliteSocket();
    const handler = admission.attach(socket);
    socket.handler = handler;
    return { socket, handler, protocol: admission.protocol };
  }

  stopListening(): void {
    this.isListening = false;
  }

  async close(): Promise<void> {
    this.isListening = false;
    this.isClosed = true;
  }
}

/** `opened` holds the listeners, oldest first. */
export function fakeListening(fails?: RoomgateError): { readonly opened: FakeListener[]; readonly open: OpenListener } {
  const opened: FakeListener[] = [];
  const open = async (_options: ListenerOptions, site: Site): Promise<Listener> => {
    if (fails !== undefined) throw fails;
    const listener = new FakeListener(site);
    opened.push(listener);
    return listener;
  };
  return { opened, open };
}
