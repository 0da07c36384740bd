/** What a machine answers: where it is now, and what its shell is to do, in order. */
export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

const none: readonly never[] = Object.freeze([]);

/** Stays or goes without anything to do. */
export function to<State, Effect = never>(state: State): Step<State, Effect> {
  return { state, effects: none };
}

export function toWith<State, Effect>(state: State, ...effects: readonly Effect[]): Step<State, Effect> {
  return { state, effects };
}

/** A total table: each state meets each event, on purpose. */
export type Table<State extends { kind: string }, Event extends { kind: string }, Effect> = {
  readonly [S in State["kind"]]: {
    readonly [E in Event["kind"]]: (
      state: Extract<State, { kind: S }>,
      event: Extract<Event, { kind: E }>,
    ) => Step<State, Effect>;
  };
};

/** Looks the cell up and runs it. */
export function stepBy<State extends { kind: string }, Event extends { kind: string }, Effect>(
  table: Table<State, Event, Effect>,
  state: State,
  event: Event,
): Step<State, Effect> {
  const row = table[state.kind as State["kind"]];
  const cell = row[event.kind as Event["kind"]] as (state: State, event: Event) => Step<State, Effect>;
  return cell(state, event);
}
