import type { Head, HeadVersion, MemberRecord, Store } from "../../../gateway/store/port.ts";
import { parseAppName, parseGatewayId, parseRoomKey, parseServerId } from "../../../gateway/wire/ids.ts";

function parsed<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("malformed id in a test");
  return value;
}

export const roomOf = (text: string) => parsed(parseRoomKey(text));
export const serverOf = (text: string) => parsed(parseServerId(text));
export const gatewayOf = (text: string) => parsed(parseGatewayId(text));
export const appNameOf = (text: string) => parsed(parseAppName(text));

export const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const bytesText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export const noLimit = { recordsMax: 1_000_000, bytesMax: 1e9 } as const;

/** Takes a room that was never owned, or is as `expect` says. */
export async function take(
  store: Store,
  room: string,
  owner = "s1",
  expect?: HeadVersion,
  journaled = true,
): Promise<Head> {
  const [answer] = await store.takeover([{ room: roomOf(room), expect, owner: serverOf(owner), journaled }]);
  if (answer?.kind !== "taken") throw new Error(`takeover of ${room}: ${JSON.stringify(answer)}`);
  return answer.head;
}

/** Appends texts and gives the new tail. */
export async function add(store: Store, room: string, head: HeadVersion, ...texts: string[]): Promise<HeadVersion> {
  const { epoch, tail } = head;
  const [answer] = await store.append([{ room: roomOf(room), expect: { epoch, tail }, records: texts.map(textBytes) }]);
  if (answer?.kind !== "appended") throw new Error(`append to ${room}: ${JSON.stringify(answer)}`);
  return { epoch, tail: answer.tail };
}

export async function headOf(store: Store, room: string): Promise<Head | undefined> {
  const answer = await store.readHead(roomOf(room));
  if (answer.kind !== "head") throw new Error(`head of ${room}: ${JSON.stringify(answer)}`);
  return answer.head;
}

/** `position:epoch:text`, a fence as `position:epoch!`. */
export async function journalOf(store: Store, room: string, after = 0, limit = noLimit): Promise<readonly string[]> {
  const answer = await store.readJournal(roomOf(room), after, limit);
  if (answer.kind !== "records") throw new Error(`journal of ${room}: ${JSON.stringify(answer)}`);
  return answer.records.map((record) =>
    record.kind === "fence"
      ? `${record.position}:${record.epoch}!`
      : `${record.position}:${record.epoch}:${bytesText(record.bytes)}`,
  );
}

export function memberOf(id: string, instance: string, counter = 1): MemberRecord {
  return {
    id: serverOf(id),
    kind: "server",
    instance,
    counter,
    state: "live",
    pid: 7,
    address: "127.0.0.1:9000",
    weight: 1,
    apps: ["echo", "ledger"],
    rooms: 3,
    sessions: 4,
  };
}
