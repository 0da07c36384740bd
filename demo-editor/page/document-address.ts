import { isDocumentName, sealName } from "../server/rules/sealed-name.ts";

/** What an address opens. */
export interface DocumentAddress {
  readonly name: string;
  /** Opens a sealed document for writing; other documents have none. */
  readonly key: string | undefined;
  /** The link is one for reading. */
  readonly readsOnly: boolean;
}

/** The part of the browser's location that counts. */
export interface PageAddress {
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
}

export type Opened =
  | { readonly kind: "document"; readonly address: DocumentAddress }
  /** The address names none: a new one is wanted. */
  | { readonly kind: "none" }
  | { readonly kind: "misnamed"; readonly text: string };

/**
 * Reads `/editor/<name>`, `/editor/<name>?mode=read` and `/editor/<name>#key=<key>`. The key is behind the `#`, which browsers keep to
 * themselves: it is in no server's log of pages.
 */
export function readAddress({ pathname, search, hash }: PageAddress): Opened {
  const last = pathname.slice(pathname.lastIndexOf("/") + 1);
  if (last === "" || last === "index.html") return { kind: "none" };
  const name = decoded(last);
  if (name === undefined || !isDocumentName(name)) return { kind: "misnamed", text: name ?? last };
  const key = new URLSearchParams(hash.slice(1)).get("key") ?? undefined;
  return { kind: "document", address: { name, key, readsOnly: new URLSearchParams(search).get("mode") === "read" } };
}

/** Relative to the page's folder. */
export function linkTo({ name, key, readsOnly }: DocumentAddress): string {
  return encodeURIComponent(name) + (readsOnly ? "?mode=read" : "") + (key === undefined ? "" : `#key=${key}`);
}

/** For whoever may only read: without the key. */
export function readersLink({ name }: DocumentAddress): string {
  return linkTo({ name, key: undefined, readsOnly: true });
}

const moods = [
  "amber",
  "brisk",
  "coral",
  "dusky",
  "early",
  "golden",
  "hazel",
  "ivory",
  "jolly",
  "lunar",
  "misty",
  "quiet",
];
const things = [
  "almanac",
  "chapter",
  "diary",
  "draft",
  "essay",
  "fable",
  "ledger",
  "letter",
  "memo",
  "notes",
  "outline",
  "story",
];

/** A new sealed document. `chance`: from 0 to below 1; `key`: hard to guess. */
export function inventDocument(chance: () => number, key: string): DocumentAddress {
  const pick = (words: readonly string[]): string => words[Math.floor(chance() * words.length)] ?? "";
  const title = `${pick(moods)}-${pick(things)}-${1000 + Math.floor(chance() * 9000)}`;
  return { name: sealName(title, key), key, readsOnly: false };
}

/** Without the seal, which tells people nothing. */
export function shortName(name: string): string {
  return name.replace(/~[A-Za-z0-9_-]{22}$/, "");
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
