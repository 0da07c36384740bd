import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { pack, unpack } from "msgpackr";
import { WebSocket } from "ws";
import { trunkVersion } from "../../gateway/wire/frames.ts";
import { until } from "./until.ts";

const pieceBytes = 256 * 1024;

interface Identity {
  readonly role: string;
  readonly id: string;
  readonly instance: string;
}

/** The dialling side of a trunk written from PROTOCOL.md alone, which can be made to say anything. */
export interface RawTrunk {
  readonly socket: WebSocket;
  /** Everything that the listener has sent. */
  readonly got: readonly Buffer[];
  /** One message, in pieces where it has to be. */
  send(bytes: Uint8Array): void;
  /** Resolves with the close code. */
  closed(msMax?: number): Promise<number>;
}

/** A connection on which nothing was said yet. */
export async function dialRawTrunk(address: string): Promise<RawTrunk> {
  const socket = new WebSocket(`ws://${address}/trunk`, "roomgate-trunk", { perMessageDeflate: false });
  const got: Buffer[] = [];
  let code: number | undefined;
  socket.on("message", (data: Buffer) => got.push(data));
  socket.on("close", (closeCode) => {
    code = closeCode;
  });
  await once(socket, "open");
  socket.on("error", () => {});
  return {
    socket,
    got,
    send: (bytes) => {
      for (const piece of piecesOf(bytes)) socket.send(piece);
    },
    closed: async (msMax) =>
      (await until(
        () => code,
        (closeCode) => closeCode !== undefined,
        msMax,
      )) ?? 0,
  };
}

function piecesOf(message: Uint8Array): Uint8Array[] {
  if (message.length <= pieceBytes) return [message];
  const announcement = Buffer.alloc(4);
  announcement.writeUInt32LE(message.length);
  const pieces: Uint8Array[] = [announcement];
  for (let at = 0; at < message.length; at += pieceBytes) pieces.push(message.subarray(at, at + pieceBytes));
  return pieces;
}

export function hello(role = "gateway", id = "g-raw", versions: readonly number[] = [trunkVersion]) {
  return { t: "hello", versions, role, id, instance: "raw", nonce: randomBytes(32) };
}

/** Goes through the handshake with `secret`. Resolves when the listener has answered or hung up. */
export async function shakeHands(
  trunk: RawTrunk,
  secret: string,
  greeting = hello(),
): Promise<"welcome" | "turned down"> {
  trunk.send(pack(greeting));
  const isOver = (count: number) => () => trunk.got.length >= count || trunk.socket.readyState === WebSocket.CLOSED;
  await until(isOver(1), Boolean);
  const challenge = unpack(trunk.got[0] ?? pack(null)) as (Identity & { readonly nonce: Uint8Array }) | null;
  if (challenge === null) return "turned down";
  trunk.send(pack({ t: "proof", proof: prove(secret, greeting, challenge) }));
  await until(isOver(2), Boolean);
  const answer = trunk.got[1];
  return answer !== undefined && (unpack(answer) as { t: string }).t === "welcome" ? "welcome" : "turned down";
}

function prove(
  secret: string,
  dialer: Identity & { readonly nonce: Uint8Array },
  listener: Identity & { readonly nonce: Uint8Array },
): Uint8Array {
  const texts = [dialer, listener].flatMap(({ role, id, instance }) =>
    [role, id, instance].map((text) => Buffer.from(text)),
  );
  const hmac = createHmac("sha256", secret);
  for (const field of [Buffer.from("roomgate-trunk-1"), Buffer.of(2), dialer.nonce, listener.nonce, ...texts]) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(field.length);
    hmac.update(length).update(field);
  }
  return hmac.digest();
}
