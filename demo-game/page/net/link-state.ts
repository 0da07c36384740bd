/** The life of the page's connection, as a machine. The clock, chance and sockets are its shell's (`connection.ts`). */
export type LinkState =
  | { readonly kind: "connecting"; readonly attempt: number }
  /** `isServed`: the room has said something, so the next trouble is a new one. */
  | { readonly kind: "open"; readonly attempt: number; readonly isServed: boolean }
  | { readonly kind: "retrying"; readonly attempt: number; readonly delayMs: number; readonly code: number }
  | { readonly kind: "stopped"; readonly code: number; readonly why: string };

export type LinkEvent =
  | { readonly kind: "opened" }
  | { readonly kind: "messageReceived" }
  /** `chance` is uniform in [0, 1). */
  | { readonly kind: "closed"; readonly code: number; readonly chance: number }
  | { readonly kind: "delayPassed" }
  /** Somebody asked for it, or the network is back. */
  | { readonly kind: "retryAsked" };

const firstDelayMsMax = 500;
const delayMsMax = 15_000;
/** Never at once, however the dice fall. */
const delayMsMin = 100;

export const firstLinkState: LinkState = { kind: "connecting", attempt: 0 };

/** Close codes after which trying again would only repeat them; what people are told. */
const finalCodes: ReadonlyMap<number, string> = new Map([
  [1008, "The server refused this connection."],
  [1009, "This page sent too much at once."],
  [4400, "The server did not understand this page. Reload it."],
  [4401, "You are not signed in."],
  [4403, "You are not allowed in this room."],
  [4404, "There is no such room."],
  [4409, "You have joined from somewhere else."],
]);

/** `attempt` counts from 1. Full jitter: a room's worth of pages must not come back in step. */
export function retryDelayMs(attempt: number, chance: number): number {
  const ceilingMs = Math.min(delayMsMax, firstDelayMsMax * 2 ** (Math.min(attempt, 16) - 1));
  return delayMsMin + Math.floor(chance * (ceilingMs - delayMsMin));
}

type Reactions = {
  readonly [State in LinkState["kind"]]: {
    readonly [Event in LinkEvent["kind"]]: (
      state: Extract<LinkState, { kind: State }>,
      event: Extract<LinkEvent, { kind: Event }>,
    ) => LinkState;
  };
};

const stay = (state: LinkState): LinkState => state;
const connect = (state: { readonly attempt: number }): LinkState => ({ kind: "connecting", attempt: state.attempt });

function lose(attempts: number, { code, chance }: { readonly code: number; readonly chance: number }): LinkState {
  const why = finalCodes.get(code);
  if (why !== undefined) return { kind: "stopped", code, why };
  const attempt = attempts + 1;
  return { kind: "retrying", attempt, code, delayMs: retryDelayMs(attempt, chance) };
}

const reactions: Reactions = {
  connecting: {
    opened: (state) => ({ kind: "open", attempt: state.attempt, isServed: false }),
    messageReceived: stay,
    closed: (state, event) => lose(state.attempt, event),
    delayPassed: stay,
    retryAsked: stay,
  },
  open: {
    opened: stay,
    messageReceived: (state) => (state.isServed ? state : { kind: "open", attempt: 0, isServed: true }),
    closed: (state, event) => lose(state.attempt, event),
    delayPassed: stay,
    retryAsked: stay,
  },
  retrying: {
    opened: stay,
    messageReceived: stay,
    closed: stay,
    delayPassed: connect,
    retryAsked: connect,
  },
  stopped: {
    opened: stay,
    messageReceived: stay,
    closed: stay,
    delayPassed: stay,
    retryAsked: () => firstLinkState,
  },
};

export function stepLink(state: LinkState, event: LinkEvent): LinkState {
  // The table is total and typed; only the pairing of the two unions is beyond what the compiler follows.
  const react = reactions[state.kind][event.kind] as (state: LinkState, event: LinkEvent) => LinkState;
  return react(state, event);
}
