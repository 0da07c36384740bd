import { type Direction, directionMax, standing } from "../../server/rules/motion.ts";

/** By place on the keyboard, not by letter: W A S D are where they are on every layout. */
const keys: ReadonlyMap<string, Direction> = new Map([
  ["ArrowLeft", { x: -1, y: 0 }],
  ["KeyA", { x: -1, y: 0 }],
  ["ArrowRight", { x: 1, y: 0 }],
  ["KeyD", { x: 1, y: 0 }],
  ["ArrowUp", { x: 0, y: -1 }],
  ["KeyW", { x: 0, y: -1 }],
  ["ArrowDown", { x: 0, y: 1 }],
  ["KeyS", { x: 0, y: 1 }],
]);

/** The direction of the keys that are down. Keys typed into a field, or with a modifier, are not ours. */
export function listenToKeyboard(): () => Direction {
  const down = new Set<string>();
  window.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    if (!keys.has(event.code) || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    down.add(event.code);
  });
  window.addEventListener("keyup", (event) => down.delete(event.code));
  // Whoever leaves the window with a key down never lets go of it for us.
  window.addEventListener("blur", () => down.clear());

  return () => {
    if (down.size === 0) return standing;
    let [x, y] = [0, 0];
    for (const code of down) {
      const key = keys.get(code);
      x += key?.x ?? 0;
      y += key?.y ?? 0;
    }
    return { x: Math.sign(x) * directionMax, y: Math.sign(y) * directionMax };
  };
}
