const roomPattern = /^[A-Za-z0-9._~:-]{1,128}$/;

/** The room that a path like `/game/plaza` names; `undefined` if it names none, or none that can be. */
export function roomOfPath(path: string): string | undefined {
  const last = path.slice(path.lastIndexOf("/") + 1);
  try {
    const room = decodeURIComponent(last);
    return roomPattern.test(room) && room !== "index.html" ? room : undefined;
  } catch {
    return undefined;
  }
}

/** The arenas that a query like `not=plaza&not=fjord` names: they have refused. */
export function refusedRooms(search: string): string[] {
  return new URLSearchParams(search).getAll("not").filter((room) => roomPattern.test(room));
}
