import type { Room } from "../../gateway/room/sdk.ts";

/** A room that attaches `value` to who says "attach", and echoes everything else. */
export function attachingRoom(value: unknown): () => Room {
  return () => ({
    onMessage: (session, message) => {
      if (message.text() === "attach") session.attachment = value;
      else session.send(message.text());
    },
  });
}
