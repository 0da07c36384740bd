import { Bot } from "../../bots/bot.ts";
import { encodeUp } from "../../server/rules/messages.ts";
import { type Connection, openConnection } from "./connection.ts";
import { inventToken } from "./identity-token.ts";
import { socketUrl } from "./socket-url.ts";

const count = 6;
const frameMs = 33;

/** Somebody to play with for whoever is alone: bots in this very page, each a player like any other, until they are sent away or the page is left. */
export class GuestBots {
  readonly #room: string;
  #leave: (() => void) | undefined;

  constructor(room: string) {
    this.#room = room;
  }

  /** Lets them in, or sends them away. Answers whether they are in. */
  toggle(): boolean {
    if (this.#leave === undefined) this.#enter();
    else this.sendAway();
    return this.#leave !== undefined;
  }

  sendAway(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  #enter(): void {
    const players = Array.from({ length: count }, (_, index) => openBot(this.#room, `Bot ${index + 1}`));
    const timer = window.setInterval(() => {
      for (const player of players) player.elapse(performance.now());
    }, frameMs);
    this.#leave = () => {
      window.clearInterval(timer);
      for (const player of players) player.leave();
    };
  }
}

/** One that comes back as the same player where its connection is lost. */
function openBot(room: string, name: string) {
  const token = inventToken();
  const newBot = (): Bot => new Bot(Math.random, (message) => connection.send(encodeUp(message)));
  const connection: Connection = openConnection(
    () => socketUrl(`game/${room}`, String(new URLSearchParams({ name, token }))),
    {
      onOpened: () => {
        bot = newBot();
      },
      onMessage: (bytes) => void bot.receive(bytes, performance.now()),
      onClosed: () => {},
    },
  );
  let bot = newBot();
  return { elapse: (nowMs: number) => bot.elapse(nowMs), leave: () => connection.close() };
}
