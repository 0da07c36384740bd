import { type Direction, directionMax, standing } from "../../server/rules/motion.ts";

/** By place on the keyboard, not by letter: W A S D are where they are on every layout. */
const directions: ReadonlyMap<string, Direction> = new Map([
  ["ArrowLeft", { x: -1, y: 0 }],
  ["KeyA", { x: -1, y: 0 }],
  ["ArrowRight", { x: 1, y: 0 }],
  ["KeyD", { x: 1, y: 0 }],
  ["ArrowUp", { x: 0, y: -1 }],
  ["KeyW", { x: 0, y: -1 }],
  ["ArrowDown", { x: 0, y: 1 }],
  ["KeyS", { x: 0, y: 1 }],
]);
const fire = "Space";

/** What a press of a key is for, but for moving and firing. */
export interface KeyActions {
  readonly KeyE: () => void;
  readonly KeyM: () => void;
  readonly Enter: () => void;
}

export interface Keyboard {
  /** Of the keys that are down. */
  direction(): Direction;
  isFiring(): boolean;
}

/** Keys typed into a field, that press a button, or with a modifier are not ours. */
export function listenToKeyboard(actions: KeyActions): Keyboard {
  const down = new Set<string>();
  window.addEventListener("keydown", (event) => {
    const { target, code } = event;
    // A button takes what presses it, a field takes everything.
    const isPress = target instanceof HTMLButtonElement && (code === fire || code === "Enter");
    if (target instanceof HTMLInputElement || isPress || event.ctrlKey || event.metaKey || event.altKey) return;
    if (code === "KeyE" || code === "KeyM" || code === "Enter") {
      event.preventDefault();
      if (!event.repeat) actions[code]();
      return;
    }
    if (!directions.has(code) && code !== fire) return;
    event.preventDefault();
    down.add(code);
  });
  window.addEventListener("keyup", (event) => down.delete(event.code));
  // Whoever leaves the window with a key down never lets go of it for us.
  window.addEventListener("blur", () => down.clear());

  return {
    direction() {
      let [x, y] = [0, 0];
      for (const code of down) {
        const key = directions.get(code);
        x += key?.x ?? 0;
        y += key?.y ?? 0;
      }
      if (x === 0 && y === 0) return standing;
      return { x: Math.sign(x) * directionMax, y: Math.sign(y) * directionMax };
    },
    isFiring: () => down.has(fire),
  };
}
