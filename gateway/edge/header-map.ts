/**
 * A copy of a request's headers that outlives the request. Repeated ones are joined, so that a check sees all of them and both
 * listeners see the same.
 */
export class HeaderMap {
  readonly #values = new Map<string, string>();

  add(name: string, value: string): void {
    const key = name.toLowerCase();
    const earlier = this.#values.get(key);
    const separator = key === "cookie" ? "; " : ", ";
    this.#values.set(key, earlier === undefined ? value : `${earlier}${separator}${value}`);
  }

  /** Empty where there is none. */
  readonly get = (lowerCaseName: string): string => this.#values.get(lowerCaseName) ?? "";
}

/** From Node's flat list of names and values. */
export function headerMapOf(rawHeaders: readonly string[]): HeaderMap {
  const headers = new HeaderMap();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.add(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  return headers;
}
