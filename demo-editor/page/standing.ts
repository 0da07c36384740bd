/** What the page says of its connection. */
export type Standing =
  | { readonly kind: "connecting" }
  | { readonly kind: "connected"; readonly isStored: boolean }
  /** Open, and nobody has the document just now. */
  | { readonly kind: "moving" }
  | { readonly kind: "offline" }
  /** The server has closed it and will again: only the user can do something. */
  | { readonly kind: "ended"; readonly code: number };

export interface StandingFacts {
  readonly isOpen: boolean;
  /** Whether the document has come from the server since the connection opened. */
  readonly isSynced: boolean;
  readonly isMoving: boolean;
  readonly isDirty: boolean;
  readonly endedBy: number | undefined;
  /** Since the page began to try to connect, or lost its connection. */
  readonly closedForMs: number;
}

/** Shorter than this is a reconnect that nobody needs to hear of. */
const connectingMsMax = 1_500;

export function standingOf(facts: StandingFacts): Standing {
  if (facts.endedBy !== undefined) return { kind: "ended", code: facts.endedBy };
  if (!facts.isOpen) return facts.closedForMs < connectingMsMax ? { kind: "connecting" } : { kind: "offline" };
  if (facts.isMoving) return { kind: "moving" };
  if (!facts.isSynced) return { kind: "connecting" };
  return { kind: "connected", isStored: !facts.isDirty };
}

/** Resume window over, too many messages, reads too slowly: what the contract wants a client to connect again after. */
const passing = new Set([4410, 4429, 4430]);

/** Whether connecting again by itself cannot help. */
export function isFinal(code: number): boolean {
  return code === 1008 || code === 1009 || (code >= 4400 && code < 4500 && !passing.has(code));
}

export function describeStanding(standing: Standing): string {
  switch (standing.kind) {
    case "connecting":
      return "Connecting";
    case "connected":
      return standing.isStored ? "Connected" : "Storing";
    case "moving":
      return "Moving";
    case "offline":
      return "Offline";
    case "ended":
      return "Disconnected";
  }
}

/** One line that says what it means for whoever writes. */
export function explainStanding(standing: Standing): string {
  switch (standing.kind) {
    case "connecting":
      return "Opening the document.";
    case "connected":
      return standing.isStored ? "All changes are stored." : "Your last changes are on their way.";
    case "moving":
      return "The document moves to another server. Write on: nothing is lost.";
    case "offline":
      return "Write on: your changes are kept in this browser, and merged when the connection is back.";
    case "ended":
      return explainEnd(standing.code);
  }
}

function explainEnd(code: number): string {
  switch (code) {
    case 1008:
      return "The server has closed the connection: its rules were not kept.";
    case 1009:
      return "Your last change is too large, or the document is full. It is kept in this browser only.";
    case 4400:
      return "The server does not understand this page. Reload it.";
    case 4401:
    case 4403:
      return "This link may only read. What you have changed is kept in this browser only.";
    case 4404:
      return "There is no such document here.";
    default:
      return `The server has closed the connection (${code}).`;
  }
}
