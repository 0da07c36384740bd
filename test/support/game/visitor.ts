import { WebSocket } from "ws";
import { Bot } from "../../../demo-game/bots/bot.ts";
import type { Match } from "../../../demo-game/page/play/match.ts";
import { encodeUp } from "../../../demo-game/server/rules/messages.ts";
import type { Cluster } from "../cluster.ts";
import { until } from "../until.ts";

const frameMs = 33;

/** Somebody in an arena on a real socket: a bot that plays when it is told to, or a stranger who says what the test wants. */
export interface Visitor {
  /** What a page would make of what this socket was sent. */
  readonly match: Match;
  readonly isOpen: boolean;
  /** Code of the close that it did not ask for; `undefined` so far. */
  readonly closeCode: number | undefined;
  play(): void;
  /** Whatever bytes, as they are. */
  send(data: Uint8Array | string): void;
  /** Cuts the connection without a word. */
  cut(): void;
}

/** Resolves when the arena has welcomed it. Rejects when it is closed before that. */
export async function openVisitor(
  { clientUrl }: Pick<Cluster, "clientUrl">,
  arena: string,
  query: Readonly<Record<string, string>> = {},
  chance: () => number = Math.random,
): Promise<Visitor> {
  const socket = new WebSocket(`${clientUrl}/rooms/game/${arena}?${new URLSearchParams(query)}`, {
    perMessageDeflate: false,
  });
  const bot = new Bot(chance, (message) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(encodeUp(message));
  });
  let closeCode: number | undefined;
  let hasCut = false;
  let timer: NodeJS.Timeout | undefined;
  socket.on("message", (data: Buffer) => void bot.receive(data, performance.now()));
  socket.on("error", () => {});
  socket.on("close", (code) => {
    clearInterval(timer);
    if (!hasCut) closeCode = code;
  });
  await until(
    () => bot.match.isWelcome || closeCode !== undefined,
    (isOver) => isOver,
  );
  if (!bot.match.isWelcome) throw new Error(`closed with ${closeCode} before it was welcome`);
  return {
    match: bot.match,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    get closeCode() {
      return closeCode;
    },
    play() {
      timer ??= setInterval(() => bot.elapse(performance.now()), frameMs);
    },
    send(data) {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
    cut() {
      hasCut = true;
      clearInterval(timer);
      socket.terminate();
    },
  };
}
