import type { Place } from "../../server/rules/arena.ts";

const reachPx = 56;
const deadZonePx = 8;

/** Both from 0, 0 at rest to a length of 1 at the rim and beyond. `undefined`: no finger is there. */
export interface Joysticks {
  /** Under a finger on the left half. */
  move(): Place | undefined;
  /** Under a finger on the right half. */
  aim(): Place | undefined;
}

interface Joystick {
  readonly base: HTMLElement;
  readonly knob: HTMLElement;
  finger: { readonly id: number; readonly x: number; readonly y: number } | undefined;
  pull: Place;
}

/** Two joysticks, each under the first finger that touches its half of `surface`, wherever that is. `bases` show them. */
export function listenToTouch(surface: HTMLElement, bases: readonly [HTMLElement, HTMLElement]): Joysticks {
  const [left, right] = bases.map(createJoystick) as [Joystick, Joystick];
  const heldBy = (event: PointerEvent) => [left, right].find(({ finger }) => finger?.id === event.pointerId);

  function release(event: PointerEvent): void {
    const joystick = heldBy(event);
    if (joystick === undefined) return;
    joystick.finger = undefined;
    joystick.base.hidden = true;
  }

  surface.addEventListener("pointerdown", (event) => {
    const joystick = event.clientX < surface.clientWidth / 2 ? left : right;
    if (event.pointerType === "mouse" || joystick.finger !== undefined) return;
    event.preventDefault();
    surface.setPointerCapture(event.pointerId);
    joystick.finger = { id: event.pointerId, x: event.clientX, y: event.clientY };
    joystick.pull = { x: 0, y: 0 };
    joystick.base.hidden = false;
    joystick.base.style.translate = `${event.clientX}px ${event.clientY}px`;
    joystick.knob.style.translate = "0 0";
  });
  surface.addEventListener("pointermove", (event) => {
    const joystick = heldBy(event);
    if (joystick?.finger === undefined) return;
    joystick.pull = pullOf(event.clientX - joystick.finger.x, event.clientY - joystick.finger.y);
    joystick.knob.style.translate = `${joystick.pull.x * reachPx}px ${joystick.pull.y * reachPx}px`;
  });
  surface.addEventListener("pointerup", release);
  surface.addEventListener("pointercancel", release);
  return {
    move: () => (left.finger === undefined ? undefined : left.pull),
    aim: () => (right.finger === undefined ? undefined : right.pull),
  };
}

function createJoystick(base: HTMLElement): Joystick {
  const knob = base.firstElementChild;
  if (!(knob instanceof HTMLElement)) throw new Error("a joystick needs a knob");
  return { base, knob, finger: undefined, pull: { x: 0, y: 0 } };
}

function pullOf(dx: number, dy: number): Place {
  const length = Math.hypot(dx, dy);
  if (length < deadZonePx) return { x: 0, y: 0 };
  const scale = Math.min(length, reachPx) / reachPx / length;
  return { x: dx * scale, y: dy * scale };
}
