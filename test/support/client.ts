import { once } from "node:events";
import { WebSocket } from "ws";
import { until } from "./until.ts";

/** One client that remembers what it got. */
export interface Client {
  readonly socket: WebSocket;
  /** Texts, in order; a binary message as its UTF-8. */
  readonly got: readonly string[];
  /** Its close code, once it is closed. */
  readonly closeCode: number | undefined;
  send(message: string | Uint8Array): void;
  /** Sends, and resolves with the first message after it that is as wanted; default: the same text. */
  ask(message: string, isWanted?: (text: string) => boolean, msMax?: number): Promise<string>;
  /** The first message that is as wanted, of those that came and those to come. */
  find(isWanted: (text: string) => boolean, msMax?: number): Promise<string>;
  closed(msMax?: number): Promise<number>;
  leave(): void;
}

/** Resolves when the socket is open. Rejects where the upgrade is refused. */
export async function connect(url: string, protocols: readonly string[] = []): Promise<Client> {
  const socket = new WebSocket(url, [...protocols], { perMessageDeflate: false });
  const got: string[] = [];
  let closeCode: number | undefined;
  socket.on("message", (data: Buffer) => got.push(data.toString("utf8")));
  socket.on("close", (code) => {
    closeCode = code;
  });
  await once(socket, "open");
  socket.on("error", () => {});
  const findFrom = async (start: number, isWanted: (text: string) => boolean, msMax?: number): Promise<string> => {
    const look = () => got.slice(start).find(isWanted) ?? (closeCode === undefined ? undefined : `closed ${closeCode}`);
    const found = (await until(look, (text) => text !== undefined, msMax)) ?? "";
    if (closeCode !== undefined && !isWanted(found)) throw new Error(`the client was closed with ${closeCode}`);
    return found;
  };
  return {
    socket,
    got,
    get closeCode() {
      return closeCode;
    },
    send: (message) => socket.send(message),
    ask: (message, isWanted = (text) => text === message, msMax) => {
      const start = got.length;
      socket.send(message);
      return findFrom(start, isWanted, msMax);
    },
    find: (isWanted, msMax) => findFrom(0, isWanted, msMax),
    closed: async (msMax) =>
      (await until(
        () => closeCode,
        (code) => code !== undefined,
        msMax,
      )) ?? 0,
    leave: () => socket.terminate(),
  };
}
