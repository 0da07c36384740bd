/** Ids are parsed once, where they enter; everything behind that line carries the brand. */

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** `app/roomId`: the unit of placement, ordering and migration. */
export type RoomKey = Brand<string, "RoomKey">;
/** Name of an app, the first part of a room key: 1 to 64 of `a-z 0-9 -`, starting with a letter. */
export type AppName = Brand<string, "AppName">;
/** One room server process. A restarted process has a new id, unless its operator gave it a fixed one. */
export type ServerId = Brand<string, "ServerId">;
/** One gateway process. */
export type GatewayId = Brand<string, "GatewayId">;
/** A client's session: `<gateway>.<number>`, unique in the cluster. */
export type SessionId = Brand<string, "SessionId">;

/** Rises with every change of owner of a room: the fencing token. 0 means never owned. At most 2^32 - 1. */
export type Epoch = number;
/** Place in one session's upward stream; its join is the first, 1. At most 2^32 - 1. */
export type Cseq = number;
/** In place of a session's position: the room has given the session up, and its stream cannot go on. */
export const positionGivenUp = 0xffff_ffff;
/** Place in one room's downward line of reliable messages; the first is 1. At most 2^53 - 1. */
export type Rseq = number;
/** A session's number at its gateway, the short form of its id on that gateway's trunks. 1 to 2^32 - 1. */
export type SessionNumber = number;
/** Number that a gateway gives to a room on one trunk. 1 to 2^32 - 1; never reused on the same trunk. */
export type Channel = number;

export const roomIdLengthMax = 128;
const roomIdPattern = new RegExp(`^[A-Za-z0-9._~:-]{1,${roomIdLengthMax}}$`);
const appPattern = /^[a-z][a-z0-9-]{0,63}$/;
const memberIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** `undefined` for anything but 1 to 64 of `a-z 0-9 -` starting with a letter. */
export function parseAppName(text: string): AppName | undefined {
  return appPattern.test(text) ? (text as AppName) : undefined;
}

/** Builds a key from an app and a room id that is already percent-decoded; `undefined` if either is malformed. */
export function makeRoomKey(app: string, roomId: string): RoomKey | undefined {
  return appPattern.test(app) && roomIdPattern.test(roomId) ? (`${app}/${roomId}` as RoomKey) : undefined;
}

/** Parses `app/roomId`; `undefined` if malformed. */
export function parseRoomKey(text: string): RoomKey | undefined {
  const slash = text.indexOf("/");
  return slash < 0 ? undefined : makeRoomKey(text.slice(0, slash), text.slice(slash + 1));
}

export function appOf(room: RoomKey): AppName {
  return room.slice(0, room.indexOf("/")) as AppName;
}

export function roomIdOf(room: RoomKey): string {
  return room.slice(room.indexOf("/") + 1);
}

/** 1 to 64 of `A-Z a-z 0-9 . _ -`, starting with a letter or digit. */
export function parseServerId(text: string): ServerId | undefined {
  return memberIdPattern.test(text) ? (text as ServerId) : undefined;
}

export function parseGatewayId(text: string): GatewayId | undefined {
  return memberIdPattern.test(text) ? (text as GatewayId) : undefined;
}

export function makeSessionId(gateway: GatewayId, session: SessionNumber): SessionId {
  return `${gateway}.${session}` as SessionId;
}
