import type { Place } from "../../server/rules/arena.ts";
import { arenaPx } from "./arena-view.ts";

/** At least so much of the arena is on the shorter side of the screen. */
const shownPx = 640;
const zoomMax = 1.6;
/** Never more than the room tells about (`sight.ts` of the server), with some room for the camera's lag. */
const seenPxMax = { width: 1500, height: 1100 } as const;
/** How far beyond the rim one may look, in pixels of the screen: enough to bring a figure out from under the overlay. */
const beyondPx = 120;
const followMs = 80;
/** Farther than this it cuts instead of panning. */
const panPxMax = 500;

/** Which part of the arena is on screen: a figure, with a little lag, and not much of what is outside. */
export class Camera {
  readonly #isCalm: boolean;
  #x = arenaPx.width / 2;
  #y = arenaPx.height / 2;

  constructor(isCalm: boolean) {
    this.#isCalm = isCalm;
  }

  /** Where to put the arena's corner on a screen of this size, and its scale. */
  look(at: Place | undefined, elapsedMs: number, width: number, height: number) {
    if (at !== undefined) this.#follow(at, elapsedMs);
    const wanted = Math.min(Math.min(width, height) / shownPx, zoomMax);
    const zoom = Math.max(wanted, width / seenPxMax.width, height / seenPxMax.height);
    const x = within(this.#x, width / zoom / 2, arenaPx.width, beyondPx / zoom);
    const y = within(this.#y, height / zoom / 2, arenaPx.height, beyondPx / zoom);
    return { x: width / 2 - x * zoom, y: height / 2 - y * zoom, zoom };
  }

  #follow(at: Place, elapsedMs: number): void {
    const isFar = Math.hypot(at.x - this.#x, at.y - this.#y) > panPxMax;
    const part = isFar || this.#isCalm ? 1 : 1 - Math.exp(-elapsedMs / followMs);
    this.#x += (at.x - this.#x) * part;
    this.#y += (at.y - this.#y) * part;
  }
}

function within(middle: number, half: number, length: number, beyond: number): number {
  const [least, most] = [half - beyond, length - half + beyond];
  return least > most ? length / 2 : Math.min(Math.max(middle, least), most);
}
