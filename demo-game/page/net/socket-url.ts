/** Of a room of the gateway that this page comes from. */
export function socketUrl(room: string, query = ""): string {
  const { protocol, host } = window.location;
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}/rooms/${room}${query === "" ? "" : `?${query}`}`;
}
