import type { Step } from "../../../gateway/cluster/step.ts";

type Named<T> = readonly (readonly [name: string, value: T])[];

/**
 * What a machine does in every cell of its table, one line per cell that does anything: `state, event → next state: effects`. A cell
 * that is not listed stays where it is and does nothing. `→ same` stays but has effects.
 */
export function cellsOf<State extends { kind: string }, Event, Effect extends { kind: string }>(
  step: (state: State, event: Event) => Step<State, Effect>,
  states: Named<State>,
  events: Named<Event>,
): string[] {
  const lines: string[] = [];
  for (const [stateName, state] of states) {
    for (const [eventName, event] of events) {
      const next = step(state, event);
      if (next.state === state && next.effects.length === 0) continue;
      const where = next.state === state ? "same" : next.state.kind;
      const effects = next.effects.map((effect) => effect.kind).join(", ");
      lines.push(`${stateName}, ${eventName} → ${where}${effects === "" ? "" : `: ${effects}`}`);
    }
  }
  return lines;
}

/** The lines of a table written as a template string. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
