import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { PlainReply, PlainRequest } from "../edge/listener.ts";
import { problemOf, problemType } from "./problem.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".png": "image/png",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};
const compressible = /^(text\/|application\/(json|wasm)|image\/svg)/;
const compressBytesMin = 1024;
/** Pages are kept in memory; a folder that holds more is not ours. */
const pagesBytesMax = 64 * 1024 * 1024;
/** Vite names what it builds by its content. */
const immutablePattern = /\/assets\/[^/]+-[\w-]{8}\.\w+$/;

interface Page {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly isCompressible: boolean;
  gzipped: Buffer | undefined;
}

export interface PagesOptions {
  /** Folder that the build has made; without it there are no pages. */
  readonly folder: string;
  /** Where the landing page's link to the dashboard leads. */
  readonly dashboardPort: number;
}

/** Serves the built pages from memory; answers at once, as the listener demands. The listener leaves a HEAD's body out. */
export function loadPages({ folder, dashboardPort }: PagesOptions): (request: PlainRequest) => PlainReply {
  const pages = new Map<string, Page>();
  let bytes = 0;
  for (const file of filesBelow(folder)) {
    const path = `/${file}`;
    const content = readFileSync(join(folder, file));
    bytes += content.byteLength;
    if (bytes > pagesBytesMax) break;
    const isLanding = path === "/index.html";
    const body = isLanding ? linkDashboard(content, dashboardPort) : content;
    pages.set(path.endsWith("/index.html") ? path.slice(0, -"index.html".length) : path, pageOf(path, body));
  }
  return (request) => answer(pages, request);
}

function answer(pages: ReadonlyMap<string, Page>, request: PlainRequest): PlainReply {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return {
      ...problemReply(405, "only GET and HEAD here"),
      headers: { "content-type": problemType, allow: "GET, HEAD" },
    };
  }
  const page = pages.get(request.path);
  if (page === undefined) {
    // A page's own links are relative to its folder.
    if (!pages.has(`${request.path}/`)) return problemReply(404, "there is nothing here");
    return { status: 308, headers: { location: `${request.path}/` }, body: "" };
  }
  if (request.header("if-none-match") === page.etag) return { status: 304, headers: page.headers, body: "" };
  const wantsGzip = page.isCompressible && /\bgzip\b/.test(request.header("accept-encoding"));
  const headers = wantsGzip ? { ...page.headers, "content-encoding": "gzip" } : page.headers;
  return { status: 200, headers, body: wantsGzip ? gzipped(page) : page.body };
}

function gzipped(page: Page): Buffer {
  page.gzipped ??= gzipSync(page.body);
  return page.gzipped;
}

function pageOf(path: string, body: Buffer): Page {
  const type = types[extname(path)] ?? "application/octet-stream";
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const isCompressible = compressible.test(type) && body.byteLength >= compressBytesMin;
  const headers = {
    "content-type": type,
    "cache-control": immutablePattern.test(path) ? "public, max-age=31536000, immutable" : "no-cache",
    "x-content-type-options": "nosniff",
    etag,
    ...(isCompressible ? { vary: "accept-encoding" } : {}),
  };
  return { body, headers, etag, isCompressible, gzipped: undefined };
}

function linkDashboard(content: Buffer, port: number): Buffer {
  return Buffer.from(content.toString("utf8").replaceAll("http://localhost:8081/", `http://localhost:${port}/`));
}

function filesBelow(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll("\\", "/"),
      )
      .sort();
  } catch {
    return [];
  }
}

function problemReply(status: number, detail: string): PlainReply {
  return { status, headers: { "content-type": problemType }, body: JSON.stringify(problemOf(status, detail)) };
}
