import { type Place, unitsPerPixel } from "../server/rules/arena.ts";
import { pointsForFelling, pointsForGems } from "../server/rules/items.ts";
import { addToFeed } from "./hud/feed.ts";
import type { Hands } from "./hud/hands.ts";
import type { News } from "./play/event-line.ts";
import type { Match, ShownFigure } from "./play/match.ts";
import type { Sound, SoundName } from "./sound.ts";
import type { EffectsLayer } from "./view/effects-layer.ts";
import { colourOfHue, itemColours, palette } from "./view/palette.ts";

/** From here on a sound is not heard. */
const hearingPx = 900;

/** Shows, and lets hear, what has happened in the arena. */
export class Happenings {
  readonly #hands: Hands;
  readonly #sound: Sound;
  #wasOut = false;
  #shotsFired = 0;

  constructor(hands: Hands, sound: Sound) {
    this.#hands = hands;
    this.#sound = sound;
  }

  /** `figures` are those that are drawn now. Without `effects` nothing can be drawn. */
  show(match: Match, figures: readonly ShownFigure[], effects: EffectsLayer | undefined): void {
    for (const news of match.line.takeNews()) this.#tell(news, match, figures, effects);
    const isOut = (match.state?.respawnTicks ?? 0) > 0;
    if (this.#wasOut && !isOut) this.#sound.play("back");
    this.#wasOut = isOut;
    if (match.shotsFired > this.#shotsFired) this.#sound.play("shot", 0.8);
    this.#shotsFired = match.shotsFired;
  }

  #tell(news: News, match: Match, figures: readonly ShownFigure[], effects: EffectsLayer | undefined): void {
    const { event, player } = news;
    const name = player?.name ?? "Somebody";
    const you = match.own?.number;
    const at = figures.find((figure) => figure.player.number === player?.number);
    const play = (sound: SoundName, where: Place | undefined = at): void =>
      this.#sound.play(sound, loudnessAt(match.ownPlace, where));
    switch (event.kind) {
      case "entered":
        if (event.number !== you) addToFeed(`${event.name} has come`);
        return;
      case "left":
        addToFeed(`${name} has left`);
        return;
      case "renamed":
        addToFeed(`${name} is ${event.name} now`);
        return;
      case "taken": {
        const item = match.ledger.items.get(event.item);
        const place = item && { x: item.at.x / unitsPerPixel, y: item.at.y / unitsPerPixel };
        if (item && place) effects?.burst(place.x, place.y, itemColours[item.kind], 8, 120);
        play("take", place);
        return;
      }
      case "banked": {
        const gems = player?.carried.gem ?? 0;
        if (at) effects?.say(at.x, at.y - 86, `+${pointsForGems(gems)}`, palette.bank);
        if (at) effects?.burst(at.x, at.y, itemColours.gem, 6 + gems * 3, 220);
        if (gems > 2) addToFeed(`${name} banks ${gems} gems: ${pointsForGems(gems)} points`);
        play("bank");
        return;
      }
      case "hit":
        if (at) effects?.burst(at.x, at.y, colourOfHue(at.player.hue), 8, 170);
        if (event.victim === you) this.#hands.hurt();
        play(event.victim === you ? "hurt" : "hit");
        return;
      case "felled": {
        const by = match.ledger.players.get(event.by);
        if (event.victim === you) this.#hands.felledBy(by?.name ?? "");
        const killer = figures.find((figure) => figure.player.number === event.by);
        if (killer) effects?.say(killer.x, killer.y - 86, `+${pointsForFelling}`, palette.name);
        addToFeed(`${by?.name ?? "Somebody"} has felled ${name}`);
        if (at) effects?.burst(at.x, at.y, colourOfHue(at.player.hue), 26, 300);
        play("fell");
        return;
      }
      case "used":
        if (at) effects?.burst(at.x, at.y, palette.shield, 10, 180);
        return;
      case "away":
      case "back":
      case "spawned":
      case "said":
        return;
    }
  }
}

/** 1 at one's own figure, 0 beyond hearing; what is not in sight is not heard. */
function loudnessAt(own: Place | undefined, at: Place | undefined): number {
  if (own === undefined || at === undefined) return 0;
  return Math.max(0, 1 - Math.hypot(at.x - own.x, at.y - own.y) / hearingPx);
}
