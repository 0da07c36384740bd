import type { Admission, ClientSocket, Site, SocketHandler } from "../../gateway/edge/listener.ts";

const decoder = new TextDecoder();

/** A client's socket at a gateway, without a network: what it sends is handed over at once. */
export class VirtualClient implements ClientSocket {
  readonly frames: string[] = [];
  closeCode: number | undefined;
  closeReason = "";
  bufferedBytes = 0;
  #handler: SocketHandler | undefined;
  readonly #onFrame: ((text: string) => void) | undefined;

  constructor(onFrame?: (text: string) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws where the site refuses. */
  async connect(site: Site, path: string, query = ""): Promise<void> {
    const request = { path, query, protocols: [], header: () => "", remoteAddress: "127.0.0.1" };
    const admission: Admission = await site.admit(request);
    if (admission.kind === "refuse") throw new Error(`refused: ${admission.reply.status}`);
    this.#handler = admission.attach(this);
  }

  say(text: string): void {
    if (this.closeCode === undefined) this.#handler?.message(new TextEncoder().encode(text), true);
  }

  /** As a client that closes. */
  leave(code = 1000): void {
    if (this.closeCode !== undefined) return;
    this.closeCode = code;
    this.#handler?.closed(code);
  }

  send(frame: Uint8Array, _isText: boolean): "sent" {
    if (this.closeCode !== undefined) return "sent";
    const text = decoder.decode(frame);
    this.frames.push(text);
    this.#onFrame?.(text);
    return "sent";
  }

  cork(work: () => void): void {
    work();
  }

  close(code: number, reason: string): void {
    if (this.closeCode !== undefined) return;
    this.closeCode = code;
    this.closeReason = reason;
    this.#handler?.closed(code);
  }

  terminate(): void {
    this.close(1006, "");
  }
}
