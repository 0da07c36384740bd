import { EventLine } from "../../../demo-game/page/play/event-line.ts";
import type { ArenaEvent } from "../../../demo-game/server/rules/events.ts";
import type { Ledger } from "../../../demo-game/server/rules/ledger.ts";
import { decodeDown, type Received } from "../../../demo-game/server/rules/messages.ts";
import { StateReader } from "../../../demo-game/server/rules/state-reader.ts";
import type { FigureState, SeenState } from "../../../demo-game/server/rules/states.ts";
import type { FakeSession } from "../../support/fake-room.ts";

/** What a page would make of all that a session was sent. */
export interface Heard {
  readonly messages: readonly Received[];
  readonly you: number;
  readonly ledger: Ledger;
  readonly line: EventLine;
  readonly events: readonly ArenaEvent[];
  readonly states: readonly SeenState[];
  /** One's own, in the last state. */
  readonly figure: FigureState | undefined;
}

export function heardBy(session: FakeSession): Heard {
  const reader = new StateReader();
  const messages = session.received.map((data): Received => {
    const message = typeof data === "string" ? undefined : decodeDown(data, reader);
    if (message === undefined) throw new Error("the room has sent something that a page does not understand");
    return message;
  });
  let [you, line] = [0, new EventLine()];
  const events: ArenaEvent[] = [];
  for (const message of messages) {
    if (message.kind === "welcome") [you, line] = [message.you, new EventLine(message.ledger)];
    if (message.kind !== "events") continue;
    line.receive(message.serial, message.events);
    events.push(...message.events);
  }
  const states = messages.flatMap((message) => (message.kind === "state" ? [message.state] : []));
  return { messages, you, ledger: line.ledger, line, events, states, figure: states.at(-1)?.figures.get(you) };
}
