import { decodeControl, encodeJoinInfo } from "../../gateway/wire/control-codec.ts";
import type { GatewayId, ServerId } from "../../gateway/wire/ids.ts";
import type { LinkHandler, TrunkLink } from "../../gateway/wire/link.ts";
import { createTrunkDialer } from "../../gateway/wire/trunk-dialer.ts";
import type { VirtualCluster } from "./virtual-cluster.ts";

const nothing = (): void => {};
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A gateway in the hands of a test: says on its trunk whatever it likes, and writes down what it hears. */
export class RawGateway {
  /** `bound 7:3` (session and position), `ack 7:3`, `down 7 text`, `all text`, `close 7 code`, `flow window`. */
  readonly heard: string[] = [];
  epoch = 0;
  readonly #link: TrunkLink;

  private constructor(link: TrunkLink) {
    this.#link = link;
  }

  static dial(world: VirtualCluster, server: string, name = "raw"): Promise<RawGateway> {
    const dialer = createTrunkDialer({
      runtime: world.world,
      secret: "secret",
      self: { role: "gateway", id: name as GatewayId & ServerId, instance: name },
      ...world.network.host(name),
    });
    const address = world.servers.get(server)?.running.address ?? "";
    return new Promise((resolve, reject) => {
      dialer.dial(
        address,
        (link) => {
          const gateway = new RawGateway(link);
          resolve(gateway);
          return gateway.#handler();
        },
        (end) => reject(new Error(end.detail)),
      );
    });
  }

  bind(
    sessions: readonly (readonly [session: number, acked: number])[],
    known: { readonly line: number; readonly seen: number; readonly epochSeen?: number } = { line: 0, seen: 0 },
  ): void {
    this.#link.control({
      t: "bind",
      channel: 1,
      room: "room/a" as never,
      epochSeen: 0,
      ...known,
      sessions: new Uint8Array(Uint32Array.from(sessions.flat()).buffer),
      unreachable: [],
      force: false,
      holdFramesMax: 1_024,
      holdMs: 15_000,
    });
  }

  join(session: number, cseq: number): void {
    this.#link.join(1, this.epoch, session, cseq, encodeJoinInfo({ query: `${session}`, protocol: "" }));
  }

  up(session: number, cseq: number, text: string): void {
    this.#link.up(1, this.epoch, session, cseq, true, new TextEncoder().encode(text));
  }

  leave(session: number, cseq: number): void {
    this.#link.leave(1, this.epoch, session, cseq, 1000);
  }

  /** What was heard since the last call. */
  take(): string[] {
    return this.heard.splice(0);
  }

  #handler(): LinkHandler {
    const { heard } = this;
    return {
      onControl: (bytes) => {
        const decoded = decodeControl(bytes);
        if (decoded.kind !== "message" || decoded.message.t !== "bound") return;
        this.epoch = decoded.message.epoch;
        heard.push(["bound", ...pairsOf(decoded.message.positions)].join(" "));
      },
      onAck: (_channel, _epoch, pairs) => void heard.push(["ack", ...pairsOf(pairs)].join(" ")),
      onDown: (_channel, _epoch, session, _delivery, _key, _rseq, _isText, payload) =>
        void heard.push(`down ${session} ${textOf(payload)}`),
      onBroadcast: (_channel, _epoch, _except, _delivery, _key, _rseq, _isText, payload) =>
        void heard.push(`all ${textOf(payload)}`),
      onClose: (_channel, _epoch, session, code) => void heard.push(`close ${session} ${code}`),
      onFlow: (_channel, _epoch, windowBytes) => void heard.push(`flow ${windowBytes}`),
      onMulticast: nothing,
      onJoin: nothing,
      onUp: nothing,
      onLeave: nothing,
      onSeen: nothing,
      onChunk: nothing,
      onDrained: nothing,
      onEnd: nothing,
    };
  }
}

function pairsOf(bytes: Uint8Array): string[] {
  const numbers = new Uint32Array(bytes.slice().buffer);
  return Array.from({ length: numbers.length / 2 }, (_, index) => `${numbers[2 * index]}:${numbers[2 * index + 1]}`);
}
