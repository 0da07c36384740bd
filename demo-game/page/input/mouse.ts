import type { Place } from "../../server/rules/arena.ts";

export interface Mouse {
  /** Where it points, on the page; `undefined` until it moves, and once a finger has touched the page. */
  place(): Place | undefined;
  isFiring(): boolean;
}

export function listenToMouse(surface: HTMLElement): Mouse {
  let place: Place | undefined;
  let isDown = false;
  const follow = (event: PointerEvent): void => {
    place = event.pointerType === "mouse" ? { x: event.clientX, y: event.clientY } : undefined;
  };
  surface.addEventListener("pointermove", follow);
  surface.addEventListener("pointerdown", (event) => {
    follow(event);
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    isDown = true;
    // A field that is typed in is left, as one expects of a click elsewhere.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  window.addEventListener("pointerup", (event) => {
    if (event.pointerType === "mouse" && event.button === 0) isDown = false;
  });
  window.addEventListener("blur", () => {
    isDown = false;
  });
  // A button that was clicked does not keep the keyboard; one that was pressed with a key (`detail` 0) does.
  document.addEventListener("click", ({ target, detail }) => {
    if (detail > 0 && target instanceof HTMLButtonElement) target.blur();
  });
  surface.addEventListener("contextmenu", (event) => event.preventDefault());
  return { place: () => place, isFiring: () => isDown };
}
