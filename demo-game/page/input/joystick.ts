import { type Direction, directionMax, standing } from "../../server/rules/motion.ts";

const reachPx = 56;
const deadZonePx = 8;

/**
 * A joystick under the first finger that touches `surface`, wherever that is. `base` and `knob` are the elements that show it.
 */
export function listenToTouch(surface: HTMLElement, base: HTMLElement, knob: HTMLElement): () => Direction {
  let finger: { readonly id: number; readonly x: number; readonly y: number } | undefined;
  let direction = standing;

  function release(event: PointerEvent): void {
    if (event.pointerId !== finger?.id) return;
    finger = undefined;
    direction = standing;
    base.hidden = true;
  }

  surface.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" || finger !== undefined) return;
    event.preventDefault();
    surface.setPointerCapture(event.pointerId);
    finger = { id: event.pointerId, x: event.clientX, y: event.clientY };
    base.hidden = false;
    base.style.translate = `${event.clientX}px ${event.clientY}px`;
    knob.style.translate = "0 0";
  });
  surface.addEventListener("pointermove", (event) => {
    if (event.pointerId !== finger?.id) return;
    const pull = pullOf(event.clientX - finger.x, event.clientY - finger.y);
    knob.style.translate = `${pull.x * reachPx}px ${pull.y * reachPx}px`;
    direction = { x: Math.trunc(pull.x * directionMax), y: Math.trunc(pull.y * directionMax) };
  });
  surface.addEventListener("pointerup", release);
  surface.addEventListener("pointercancel", release);
  return () => direction;
}

/** From 0, 0 at the middle to a length of 1 at the rim and beyond. */
function pullOf(dx: number, dy: number): { readonly x: number; readonly y: number } {
  const length = Math.hypot(dx, dy);
  if (length < deadZonePx) return { x: 0, y: 0 };
  const scale = Math.min(length, reachPx) / reachPx / length;
  return { x: dx * scale, y: dy * scale };
}
