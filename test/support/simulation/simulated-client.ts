import type { ClientSocket, Site, SocketHandler } from "../../../gateway/edge/listener.ts";
import type { VirtualHost } from "../virtual-host.ts";
import type { MemberStream } from "./member-streams.ts";
import type { GatewayProcess } from "./simulated-processes.ts";
import type { Trace } from "./trace.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** One client from its connection to its end. What it says reaches its gateway as everything else from outside does. */
export class SimulatedClient implements ClientSocket {
  readonly name: string;
  readonly room: string;
  readonly stream: MemberStream;
  readonly bufferedBytes = 0;
  readonly frames: string[] = [];
  /** How many messages it has sent. */
  said = 0;
  state: "open" | "left" | "closed" = "open";
  closeCode = 0;
  closeReason = "";
  readonly gatewayMachine: string;
  readonly #gateway: VirtualHost;
  readonly #trace: Trace;
  #handler: SocketHandler | undefined;

  constructor(name: string, room: string, gateway: GatewayProcess, stream: MemberStream, trace: Trace) {
    this.name = name;
    this.room = room;
    this.stream = stream;
    this.gatewayMachine = gateway.machine;
    this.#gateway = gateway.host;
    this.#trace = trace;
  }

  /** Its gateway was killed: nobody keeps what it said. */
  get isCutOff(): boolean {
    return this.#gateway.isDead;
  }

  /** `false` where the gateway does not let it in now. */
  async connect(site: Site): Promise<boolean> {
    const request = {
      path: `/rooms/${this.room}`,
      query: this.name,
      protocols: [],
      header: () => "",
      remoteAddress: "127.0.0.1",
    };
    const admission = await site.admit(request);
    if (admission.kind === "refuse" || this.isCutOff) return false;
    this.#handler = admission.attach(this);
    this.#trace.note(this.name, `joins ${this.room}`);
    return true;
  }

  say(bytes: number): void {
    if (this.state !== "open" || this.isCutOff) return;
    this.said += 1;
    const body = `${this.name}:${this.said}:${"x".repeat(bytes)}`;
    this.#trace.note(this.name, `says ${this.said}`);
    this.#gateway.deliver(() => {
      if (this.state !== "closed") this.#handler?.message(encoder.encode(body), true);
    });
  }

  leave(): void {
    if (this.state !== "open" || this.isCutOff) return;
    this.state = "left";
    this.#trace.note(this.name, "leaves");
    this.#gateway.deliver(() => this.#handler?.closed(1000));
  }

  send(frame: Uint8Array): "sent" {
    if (this.state !== "open") return "sent";
    const text = decoder.decode(frame);
    this.#trace.note(this.name, `hears ${text}`);
    this.frames.push(text);
    this.stream.frame(text);
    return "sent";
  }

  cork(work: () => void): void {
    work();
  }

  close(code: number, reason: string): void {
    if (this.state !== "open") return;
    this.state = "closed";
    this.closeCode = code;
    this.closeReason = reason;
    this.#trace.note(this.name, `is closed with ${code}, ${reason}`);
    this.#handler?.closed(code);
  }

  terminate(): void {
    this.close(1006, "");
  }
}
