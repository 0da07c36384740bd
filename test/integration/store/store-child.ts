import { openStore } from "../../../gateway/store/open.ts";
import type { Store } from "../../../gateway/store/port.ts";
import type { Logger } from "../../../gateway/wire/runtime.ts";
import { roomOf } from "../../contract/store/fixtures.ts";
import type { ChildAnswer, ChildRequest } from "./child-store.ts";

/** A process that serves a store to the test that started it, or appends as fast as it can until it is killed. */
const [, , url = ""] = process.argv;
const say = (_fields: object, message: string): void => send({ id: -2, value: message });
const log: Logger = { debug: say, info: say, warn: say, error: say, child: () => log };
const store = await openStore(url, { lmdb: { log } });

process.on("message", (request: ChildRequest) => void serve(request));
process.on("disconnect", () => process.exit(0));
send({ id: 0, value: "ready" });

async function serve(request: ChildRequest): Promise<void> {
  if (request.kind === "flood") return flood(request.rooms, request.owner);
  const path = request.method.split(".");
  const target = path.length === 2 ? store.members : store;
  const method = (target as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>)[
    path.at(-1) ?? ""
  ];
  send({ id: request.id, value: await method?.apply(target, [...request.args]) });
}

/** Takes the rooms, then appends to all of them again and again, and tells the parent each tail that was answered. */
async function flood(rooms: readonly string[], owner: string): Promise<void> {
  await Promise.all(rooms.map((room) => floodRoom(store, room, owner)));
}

async function floodRoom(target: Store, name: string, owner: string): Promise<void> {
  const room = roomOf(name);
  const found = await target.readHead(room);
  if (found.kind !== "head") throw new Error(found.reason);
  const [taken] = await target.takeover([{ room, expect: found.head, owner: owner as never, journaled: true }]);
  if (taken?.kind !== "taken") throw new Error(`not taken: ${JSON.stringify(taken)}`);
  let { epoch, tail } = taken.head;
  for (;;) {
    const [answer] = await target.append([{ room, expect: { epoch, tail }, records: [recordOf(epoch, tail + 1)] }]);
    if (answer?.kind !== "appended") return send({ id: -1, value: { room: name, stopped: answer } });
    tail = answer.tail;
    send({ id: -1, value: { room: name, epoch, tail } });
  }
}

function recordOf(epoch: number, position: number): Uint8Array {
  return new TextEncoder().encode(`${epoch}/${position}/${"x".repeat(position % 300)}`);
}

function send(answer: ChildAnswer): void {
  process.send?.(answer);
}
