/**
 * For pages that draw on a canvas and talk to their own gateway. Sockets may go to any host, since pages and gateway may be served
 * from different ones; scripts may not come from anywhere else. Styles may be inline: editors write theirs into the page.
 */
const contentSecurityPolicy = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data: blob:",
  "style-src 'self' 'unsafe-inline'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const securityHeaders = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
} as const;

const contentTypes: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  gif: "image/gif",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  map: "application/json; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
  png: "image/png",
  svg: "image/svg+xml; charset=utf-8",
  ttf: "font/ttf",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  wav: "audio/wav",
  webmanifest: "application/manifest+json; charset=utf-8",
  webp: "image/webp",
  woff: "font/woff",
  woff2: "font/woff2",
  xml: "application/xml; charset=utf-8",
};

export function contentTypeOf(name: string): string {
  const extension = extensionOf(name);
  const known = Object.hasOwn(contentTypes, extension) ? contentTypes[extension] : undefined;
  return known ?? "application/octet-stream";
}

/** Whether it looks like the name of a file of a page. Rooms may have dots in their names too: `v1.2` is none. */
export function isFileName(name: string): boolean {
  return name.includes(".") && Object.hasOwn(contentTypes, extensionOf(name));
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}

/** `name-<hash of 8>.js`: what bundlers write into an `assets` folder under a name that changes with the content. */
const hashedPattern = /(?:^|\/)assets\/(?:[^/]+\/)*[^/]+-[A-Za-z0-9_-]{8}\.[A-Za-z0-9.]+$/;

export function cacheControlOf(path: string): string {
  return hashedPattern.test(path) ? "public, max-age=31536000, immutable" : "no-cache";
}
