import type { Control } from "../wire/control.ts";
import { describeError } from "../wire/errors.ts";
import type { ServerId } from "../wire/ids.ts";
import type { LinkHandler, TrunkLink } from "../wire/link.ts";
import { cutDetail } from "../wire/text-limits.ts";
import { controlOnlyHandler } from "./control-only-handler.ts";
import type { OperatedRooms } from "./operated-rooms.ts";
import type { ServerStats } from "./room-server-ports.ts";

/** A server as the operating side sees it. */
export interface OperatedServer {
  readonly id: ServerId;
  readonly operated: OperatedRooms;
  drain(): Promise<void>;
  metrics(): ServerStats;
}

type Answer = Omit<Control<"answer">, "t" | "id">;

/** Hears a trunk of the operating side. */
export function requestHandler(
  link: TrunkLink,
  server: OperatedServer,
  answer: (request: Control<"request">) => Answer | Promise<Answer>,
): LinkHandler {
  const underWayMax = 1_024;
  let underWay = 0;
  return controlOnlyHandler({
    control: (message) => {
      if (message.t !== "request") return;
      const { id } = message;
      if (underWay >= underWayMax) {
        link.control({ t: "answer", id, status: "failed", detail: `too many requests are under way at ${server.id}` });
        return;
      }
      underWay += 1;
      const tell = (told: Answer): void => link.control({ t: "answer", id, ...told });
      // What cannot be answered (a list that is too long to be sent, a fault) is said, and harms nobody else.
      void Promise.resolve(answer(message))
        .then(tell)
        .catch((error: unknown) => tell({ status: "failed", detail: cutDetail(describeError(error).message) }))
        .finally(() => {
          underWay -= 1;
        });
    },
    ended: () => {},
  });
}

export async function answerRequest(server: OperatedServer, request: Control<"request">): Promise<Answer> {
  switch (request.op) {
    case "rooms":
      return { status: "ok", value: server.operated.list(request.app, request.limit) };
    case "room": {
      const room = server.operated.describe(request.room);
      return room ? { status: "ok", value: room } : { status: "not-found" };
    }
    case "move": {
      const result = await server.operated.move(request.room, request.to);
      if (result.kind === "failed") return { status: "conflict", detail: cutDetail(result.reason) };
      return {
        status: "ok",
        value: { from: server.id, to: request.to, epoch: result.epoch, pauseMs: result.pauseMs },
      };
    }
    case "skip": {
      const result = await server.operated.skip(request.room, request.record);
      if (result.kind === "failed") return { status: "conflict", detail: cutDetail(result.reason) };
      return { status: "ok", value: { server: server.id, epoch: result.epoch } };
    }
    case "drain":
      void server.drain();
      return { status: "ok" };
    case "metrics":
      return { status: "ok", value: server.metrics() };
  }
}
