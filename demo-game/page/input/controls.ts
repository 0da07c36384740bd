import type { Place } from "../../server/rules/arena.ts";
import { aimOf } from "../../server/rules/bolts.ts";
import { directionMax, type Step } from "../../server/rules/motion.ts";
import type { Joysticks } from "./joystick.ts";
import type { Keyboard } from "./keyboard.ts";
import type { Mouse } from "./mouse.ts";

/** A joystick that is pulled this far fires. */
const firingPull = 0.45;

/** What the visitor wants of the figure, whatever it is said with. */
export class Controls {
  readonly #keyboard: Keyboard;
  readonly #joysticks: Joysticks;
  readonly #mouse: Mouse;
  #aim = 0;

  constructor(keyboard: Keyboard, joysticks: Joysticks, mouse: Mouse) {
    this.#keyboard = keyboard;
    this.#joysticks = joysticks;
    this.#mouse = mouse;
  }

  /** `own` is where the figure is and `placeAt` what is under a point of the page, both in pixels of the arena. */
  read(own: Place | undefined, placeAt: ((pageX: number, pageY: number) => Place) | undefined): Step {
    const keys = this.#keyboard.direction();
    const pull = this.#joysticks.move();
    const pulled = pull && { x: Math.trunc(pull.x * directionMax), y: Math.trunc(pull.y * directionMax) };
    const { x, y } = keys.x === 0 && keys.y === 0 ? (pulled ?? keys) : keys;
    const stick = this.#joysticks.aim();
    const pointed = this.#mouse.place();
    let isFiring = this.#keyboard.isFiring() || this.#mouse.isFiring();
    if (stick !== undefined) {
      if (stick.x !== 0 || stick.y !== 0) this.#aim = aimOf(stick.x, stick.y);
      isFiring ||= Math.hypot(stick.x, stick.y) > firingPull;
    } else if (pointed !== undefined && own !== undefined && placeAt !== undefined) {
      const at = placeAt(pointed.x, pointed.y);
      this.#aim = aimOf(at.x - own.x, at.y - own.y);
    } else if (x !== 0 || y !== 0) this.#aim = aimOf(x, y);
    return { x, y, aim: this.#aim, isFiring };
  }
}
