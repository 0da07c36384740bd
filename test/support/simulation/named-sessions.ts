import type { AppDefinition, Room } from "../../../gateway/room/sdk.ts";

/** The app, with each session's attachment the name of its client: what is kept of a session must say whose it is, and its request is not kept. */
export function withNamedSessions(app: AppDefinition): AppDefinition {
  return { ...app, create: (room) => named(app.create(room)) };
}

function named(inner: Room): Room {
  return {
    onJoin: (session, request) => {
      session.attachment = request.query;
      inner.onJoin?.(session, request);
    },
    onMessage: (session, message) => inner.onMessage(session, message),
    onTimer: (name) => inner.onTimer?.(name),
    onWork: (name, outcome) => inner.onWork?.(name, outcome),
    onTell: (from, message) => inner.onTell?.(from, message),
    apply: (entry) => inner.apply?.(entry),
    snapshot: () => inner.snapshot?.() ?? new Uint8Array(0),
    restore: (snapshot) => inner.restore?.(snapshot),
  };
}
