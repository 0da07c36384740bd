import { describe, expect, it } from "vitest";
import { Bot } from "../../../demo-game/bots/bot.ts";
import { ArenaRoom } from "../../../demo-game/server/arena-room.ts";
import { Chance } from "../../../demo-game/server/chance.ts";
import { encodeUp } from "../../../demo-game/server/rules/messages.ts";
import { tickMs } from "../../../demo-game/server/rules/timing.ts";
import { createFakeRoom } from "../../support/fake-room.ts";

describe("bots", () => {
  it("play the game as pages do: they gather, bank, hit, fell and heal, and every one of them knows what happened", () => {
    const arena = createFakeRoom((context) => new ArenaRoom(context));
    const chance = new Chance(7);
    const players = Array.from({ length: 8 }, (_, index) => {
      const session = arena.join(`name=Bot+${index}`);
      const bot = new Bot(
        () => chance.below(2 ** 30) / 2 ** 30,
        (message) => arena.say(session, encodeUp(message)),
      );
      return { session, bot, taken: 0 };
    });
    for (let tick = 1; tick <= 1_800; tick += 1) {
      for (const player of players) {
        const fresh = player.session.received.slice(player.taken);
        player.taken = player.session.received.length;
        for (const data of fresh) if (data instanceof Uint8Array) player.bot.receive(data, tick * tickMs);
        player.bot.elapse(tick * tickMs);
      }
      arena.tick();
    }
    const { ledger } = arena.room;
    const all = [...ledger.players.values()];
    expect(all.reduce((sum, { felled }) => sum + felled, 0)).toBeGreaterThan(5);
    expect(all.reduce((sum, { score }) => sum + score, 0)).toBeGreaterThan(300);
    expect(ledger.itemsUsed).toBeGreaterThan(10);
    expect(ledger.items.size + ledger.itemsUsed).toBe(ledger.itemsSpawned);
    for (const { bot, session } of players) {
      expect(session.closed).toBeUndefined();
      expect([bot.match.line.missed, bot.match.line.repeated]).toEqual([0, 0]);
      // The last tick's events are not delivered yet.
      expect(ledger.serial - bot.match.ledger.serial).toBeLessThan(20);
    }
  });
});
