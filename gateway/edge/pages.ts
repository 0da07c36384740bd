import { createHash } from "node:crypto";
import type { PlainReply, PlainRequest } from "./listener.ts";
import { readPageFiles } from "./page-files.ts";
import { cacheControlOf, contentTypeOf, isFileName, securityHeaders } from "./page-headers.ts";
import { problemReply } from "./problem-reply.ts";

/** Answers for what there is a page for; `undefined` for everything else. */
export type Pages = (request: Pick<PlainRequest, "path" | "method" | "header">) => PlainReply | undefined;

export interface PagesOptions {
  /** All files together; default 64 MiB. */
  readonly bytesMax?: number;
  /** Default 2 000. */
  readonly filesMax?: number;
  /** Folders whose page takes the names right below that are no file's: `/game/plaza`. Default `game` and `editor`. */
  readonly singlePages?: readonly string[];
  /** What stands in HTML for `{{name}}`. Default: nothing is replaced. */
  readonly words?: Readonly<Record<string, string>>;
}

/** What is sent for a page, in one content coding. */
interface Variant {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Page {
  readonly plain: Variant;
  readonly gzipped: Variant | undefined;
}

/**
 * Reads all files below `directory` into memory, once. A path is only ever looked up among the names found there, so none can lead
 * out of it; links are not followed. `x.js.gz` is what is sent for `x.js` to whoever takes gzip. Rejects with a `RoomgateError`:
 * `pages-missing`, `pages-too-big`.
 */
export async function loadPages(directory: string, options: PagesOptions = {}): Promise<Pages> {
  const { bytesMax = 64 * 1024 * 1024, filesMax = 2_000, singlePages = ["game", "editor"], words = {} } = options;
  const files = await readPageFiles(directory, { bytesMax, filesMax });
  const pages = new Map<string, Page>();
  for (const [path, body] of files) {
    if (path.endsWith(".gz") && files.has(path.slice(0, -3))) continue;
    const worded = withWords(path, body, words);
    pages.set(path, makePage(path, worded, worded === body ? files.get(`${path}.gz`) : undefined));
  }
  return (request) => answer(findPage(pages, singlePages, request.path), request);
}

/** Pages where there are none: for a gateway without demos. */
export const noPages: Pages = () => undefined;

/** The body itself where nothing is replaced. */
function withWords(path: string, body: Buffer, words: Readonly<Record<string, string>>): Buffer {
  if (!path.endsWith(".html")) return body;
  const text = body.toString("utf8");
  const worded = Object.entries(words).reduce(
    (html, [name, word]) => html.replaceAll(`{{${name}}}`, () => escapeHtml(word)),
    text,
  );
  return worded === text ? body : Buffer.from(worded);
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? "");
}

function makePage(path: string, body: Buffer, gzipped: Buffer | undefined): Page {
  const headers = { ...securityHeaders, "content-type": contentTypeOf(path), "cache-control": cacheControlOf(path) };
  if (gzipped === undefined) return { plain: makeVariant(body, headers), gzipped: undefined };
  const varying = { ...headers, vary: "accept-encoding" };
  return {
    plain: makeVariant(body, varying),
    gzipped: makeVariant(gzipped, { ...varying, "content-encoding": "gzip" }),
  };
}

function makeVariant(body: Buffer, headers: Readonly<Record<string, string>>): Variant {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return { body, etag, headers: { ...headers, etag } };
}

type Found = { readonly kind: "page"; readonly page: Page } | { readonly kind: "moved"; readonly location: string };

function findPage(pages: ReadonlyMap<string, Page>, singlePages: readonly string[], path: string): Found | undefined {
  const name = decode(path);
  if (name === undefined) return undefined;
  const exact = pages.get(name === "" || name.endsWith("/") ? `${name}index.html` : name);
  if (exact !== undefined) return { kind: "page", page: exact };
  // Only a name that was found on disk goes into the header.
  if (pages.has(`${name}/index.html`)) return { kind: "moved", location: `/${name}/` };
  const page = isBelow(name, singlePages) ? pages.get(`${name.slice(0, name.indexOf("/"))}/index.html`) : undefined;
  return page === undefined ? undefined : { kind: "page", page };
}

/** Right below only: what a page names beside itself is found from there, and not from deeper paths. */
function isBelow(name: string, singlePages: readonly string[]): boolean {
  const [folder = "", below = "", ...deeper] = name.split("/");
  return singlePages.includes(folder) && below !== "" && deeper.length === 0 && !isFileName(below);
}

/** The name below the directory that `path` stands for; `undefined` where it stands for none. */
function decode(path: string): string | undefined {
  if (!path.startsWith("/")) return undefined;
  try {
    return decodeURIComponent(path.slice(1));
  } catch {
    return undefined;
  }
}

function answer(found: Found | undefined, { method, header }: Parameters<Pages>[0]): PlainReply | undefined {
  if (found === undefined) return undefined;
  if (method !== "GET" && method !== "HEAD") {
    return problemReply(405, "a page can only be read", { allow: "GET, HEAD" });
  }
  if (found.kind === "moved") {
    return { status: 308, headers: { ...securityHeaders, location: encodeURI(found.location) }, body: "" };
  }
  const { plain, gzipped } = found.page;
  const { body, etag, headers } = takesGzip(header("accept-encoding")) ? (gzipped ?? plain) : plain;
  return isKnown(header("if-none-match"), etag) ? { status: 304, headers, body: "" } : { status: 200, headers, body };
}

/** Whether the list names gzip, and not with a weight of 0 (RFC 9110, 12.5.3). */
function takesGzip(list: string): boolean {
  return list.split(",").some((item) => {
    const [coding = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    return coding === "gzip" && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
function isKnown(list: string, etag: string): boolean {
  return list.split(",").some((item) => {
    const tag = item.trim();
    return tag === "*" || tag === etag || tag === `W/${etag}`;
  });
}
