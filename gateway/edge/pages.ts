import { createHash } from "node:crypto";
import { opendir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoomgateError } from "../wire/errors.ts";
import type { PlainReply, PlainRequest } from "./listener.ts";
import { cacheControlOf, contentTypeOf, securityHeaders } from "./page-headers.ts";
import { problemReply } from "./problem-reply.ts";

/** Answers for what there is a page for; `undefined` for everything else. `path` is as it came, not decoded. */
export type Pages = (path: string, method: string, header: PlainRequest["header"]) => PlainReply | undefined;

export interface PagesOptions {
  /** All files together; default 64 MiB. */
  readonly bytesMax?: number;
  /** Default 2 000. */
  readonly filesMax?: number;
  /** Folders whose page takes every path below that names no file; default `game` and `editor`. */
  readonly singlePages?: readonly string[];
}

interface Page {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads all files below `directory` into memory, once. A path is only ever looked up among the names found there, so none can lead
 * out of it; links are not followed. Rejects with a `RoomgateError`: `pages-missing`, `pages-too-big`.
 */
export async function loadPages(directory: string, options: PagesOptions = {}): Promise<Pages> {
  const limits = { bytesMax: options.bytesMax ?? 64 * 1024 * 1024, filesMax: options.filesMax ?? 2_000 };
  const files = await readFiles(directory, limits);
  const pages = new Map([...files].map(([path, body]) => [path, makePage(path, body)] as const));
  const singlePages = options.singlePages ?? ["game", "editor"];
  return (path, method, header) => answer(findPage(pages, singlePages, path), method, header);
}

/** Pages where there are none: for a gateway without demos. */
export const noPages: Pages = () => undefined;

async function readFiles(
  directory: string,
  limits: { readonly bytesMax: number; readonly filesMax: number },
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let bytesTotal = 0;
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of await openFolder(join(directory, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      if (!entry.isFile()) continue;
      bytesTotal += (await stat(join(directory, path))).size;
      if (bytesTotal > limits.bytesMax || files.size >= limits.filesMax) throw tooBig(directory, limits);
      files.set(path, await readFile(join(directory, path)));
    }
  }
  return files;
}

async function openFolder(path: string) {
  try {
    return await opendir(path);
  } catch (cause) {
    throw new RoomgateError("pages-missing", `no pages in ${path}: build them first`, { cause });
  }
}

function tooBig(directory: string, limits: { readonly bytesMax: number; readonly filesMax: number }): RoomgateError {
  const message = `${directory} has more than ${limits.filesMax} files or ${limits.bytesMax} bytes: pages are kept in memory`;
  return new RoomgateError("pages-too-big", message);
}

function makePage(path: string, body: Buffer): Page {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const headers = {
    ...securityHeaders,
    etag,
    "content-type": contentTypeOf(path),
    "cache-control": cacheControlOf(path),
  };
  return { body, etag, headers };
}

type Found = { readonly kind: "page"; readonly page: Page } | { readonly kind: "moved"; readonly location: string };

function findPage(pages: ReadonlyMap<string, Page>, singlePages: readonly string[], path: string): Found | undefined {
  const name = decode(path);
  if (name === undefined) return undefined;
  const exact = pages.get(name === "" || name.endsWith("/") ? `${name}index.html` : name);
  if (exact !== undefined) return { kind: "page", page: exact };
  // Only a name that was found on disk goes into the header.
  if (pages.has(`${name}/index.html`)) return { kind: "moved", location: `/${name}/` };
  const folder = singlePages.find((single) => name.startsWith(`${single}/`));
  const page = folder === undefined || name.includes(".") ? undefined : pages.get(`${folder}/index.html`);
  return page === undefined ? undefined : { kind: "page", page };
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

function answer(found: Found | undefined, method: string, header: PlainRequest["header"]): PlainReply | undefined {
  if (found === undefined) return undefined;
  if (method !== "GET" && method !== "HEAD") {
    return problemReply(405, "a page can only be read", { allow: "GET, HEAD" });
  }
  if (found.kind === "moved") {
    return { status: 308, headers: { ...securityHeaders, location: encodeURI(found.location) }, body: "" };
  }
  const { body, etag, headers } = found.page;
  return isKnown(header("if-none-match"), etag) ? { status: 304, headers, body: "" } : { status: 200, headers, body };
}

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
function isKnown(list: string, etag: string): boolean {
  return list.split(",").some((item) => {
    const tag = item.trim();
    return tag === "*" || tag === etag || tag === `W/${etag}`;
  });
}
