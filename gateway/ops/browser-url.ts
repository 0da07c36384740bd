/** What a browser on this machine calls a place where somebody listens. */
export function browserUrl(host: string, port: number): string {
  const isHere = ["0.0.0.0", "::", "127.0.0.1", "::1", "localhost"].includes(host);
  const name = isHere ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}
