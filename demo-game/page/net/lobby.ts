import { inventRoom } from "../../server/arena-names.ts";
import { roomOfPath } from "../room-address.ts";
import { socketUrl } from "./socket-url.ts";

const answerMsMax = 2_500;

/** Asks the lobby for an arena with places. One that does not answer in time is done without: any arena will do. */
export function findArena(refused: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(socketUrl("lobby/main"));
    const decide = (arena: string): void => {
      window.clearTimeout(timer);
      resolve(arena);
      socket.close(1000);
    };
    const timer = window.setTimeout(() => decide(inventRoom(Math.random)), answerMsMax);
    socket.onopen = () => socket.send(JSON.stringify({ want: "play", not: refused.slice(-8) }));
    socket.onmessage = ({ data }: MessageEvent<unknown>) => decide(arenaOf(data) ?? inventRoom(Math.random));
    socket.onclose = () => decide(inventRoom(Math.random));
  });
}

function arenaOf(data: unknown): string | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const answer: unknown = JSON.parse(data);
    const isAnswer = typeof answer === "object" && answer !== null && "arena" in answer;
    return isAnswer && typeof answer.arena === "string" ? roomOfPath(answer.arena) : undefined;
  } catch {
    return undefined;
  }
}
