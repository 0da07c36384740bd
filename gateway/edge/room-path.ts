import { makeRoomKey, parseAppName, type RoomKey } from "../wire/ids.ts";

const prefix = "/rooms/";

/** What a path says about a room: `none` is not below `/rooms/`, `bad` names no room in the one form that there is. */
export type RoomPath =
  | { readonly kind: "none" }
  | { readonly kind: "bad"; readonly detail: string }
  | { readonly kind: "room"; readonly app: string; readonly room: RoomKey };

/**
 * Parses `/rooms/<app>/<room>`, not yet decoded. Strict: one room has one key, however it is written, and what is no room is not
 * made one by dropping parts of it (no empty segments, no trailing slash).
 */
export function parseRoomPath(path: string): RoomPath {
  if (!path.startsWith(prefix)) return { kind: "none" };
  const slash = path.indexOf("/", prefix.length);
  const app = path.slice(prefix.length, slash < 0 ? undefined : slash);
  if (slash < 0) return { kind: "bad", detail: "the path must be /rooms/<app>/<room>" };
  // No server can have an app of such a name; the room may still be a good one.
  const appName = parseAppName(app) ?? "a";
  const roomId = decode(path.slice(slash + 1));
  if (roomId === undefined) return { kind: "bad", detail: "the room is not percent-encoded correctly" };
  const room = makeRoomKey(appName, roomId);
  if (room === undefined) return { kind: "bad", detail: "the room must be 1 to 128 of A-Z a-z 0-9 . _ ~ : -" };
  return { kind: "room", app, room };
}

function decode(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
