import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadPages, noPages, type Pages } from "../../../gateway/edge/pages.ts";

const files: Readonly<Record<string, string>> = {
  "site/index.html": '<a href="{{there}}">home</a> {{other}}',
  "site/index.html.gz": "without its words",
  "site/game/index.html": "game",
  "site/game/assets/index-Dw3kX_-9.js": "let x",
  "site/game/assets/plain.js": "let y",
  "site/game/assets/words.js": "{{there}}",
  "site/game/assets/index-Dw3kX_-9.js.gz": "let x, compressed",
  "site/game/saved.gz": "a file like any other",
  "site/editor/index.html": "editor",
  "site/about/index.html": "about",
  "site/with space/a b.txt": "spaced",
  "site/game/logo.png": "png",
  "secret.txt": "secret",
};

/** Its words are put in as text, whatever they are; what is no word stays. */
const home = '<a href="http://[::1]:1/?a&amp;b&quot;&lt;">home</a> {{other}}';

let root = "";
let pages: Pages = noPages;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "roomgate-pages-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  await symlink(join(root, "secret.txt"), join(root, "site/linked.txt"));
  await symlink(root, join(root, "site/linked"));
  pages = await loadPages(join(root, "site"), { words: { there: 'http://[::1]:1/?a&b"<' } });
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const ask = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
  pages({ path, method, header: (name) => headers[name] ?? "" });
const get = (path: string) => ask(path);
const textOf = (path: string) => {
  const reply = get(path);
  return reply === undefined ? undefined : Buffer.from(reply.body).toString();
};

describe("pages", () => {
  it.each([
    ["/", home],
    ["/index.html", home],
    ["/game/assets/words.js", "{{there}}"],
    ["/game/saved.gz", "a file like any other"],
    ["/game/", "game"],
    ["/game/index.html", "game"],
    ["/game/some-room", "game"],
    ["/game/v1.2", "game"],
    ["/game/room%3Aone", "game"],
    ["/editor/", "editor"],
    ["/editor/doc:1", "editor"],
    ["/about/", "about"],
    ["/game/assets/plain.js", "let y"],
    ["/with%20space/a%20b.txt", "spaced"],
  ])("%s is %s", (path, text) => {
    expect(textOf(path)).toBe(text);
  });

  it.each([
    "/missing",
    "/about/anything",
    "/game/missing.js",
    "/game/a.b/c",
    "/game/some-room/",
    "/game/some-room/and/more",
    "/game/assets/index-Dw3kX_-9.js.gz",
    "/rooms/game/1",
    "",
    "*",
    "index.html",
    "//index.html",
    "/%",
    "/%00",
    "/%ff",
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/game/..%2f..%2fsecret.txt",
    "/game/../index.html",
    "/..\\secret.txt",
    "/linked.txt",
    "/linked/secret.txt",
    "/__proto__",
    "/constructor",
  ])("there is nothing at %j", (path) => {
    expect(get(path)).toBeUndefined();
  });

  it("sends a folder's name to the folder, so that what its page names is found beside it", () => {
    expect(get("/game")).toMatchObject({ status: 308, headers: { location: "/game/" } });
  });

  it("names types, lets only hashed assets be kept unasked, and guards every page", () => {
    expect(get("/game/")?.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    expect(get("/game/")?.headers["content-security-policy"]).toMatch(
      /^default-src 'self'; connect-src 'self' ws: wss:/,
    );
    expect(get("/game/assets/index-Dw3kX_-9.js")?.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
    });
    expect(get("/game/assets/plain.js")?.headers["cache-control"]).toBe("no-cache");
    expect(get("/game/logo.png")?.headers["content-type"]).toBe("image/png");
  });

  it("answers 304 to who has it, however the tag is written, and 200 to who has another", () => {
    const etag = get("/")?.headers["etag"] ?? "";
    const askFor = (value: string) => ask("/", { "if-none-match": value });
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      expect(askFor(value)).toMatchObject({ status: 304, body: "", headers: { etag } });
    }
    expect(askFor('"other"')?.status).toBe(200);
    expect(get("/game/")?.headers["etag"]).not.toBe(etag);
  });

  it("sends what the build has compressed to whoever takes it, under a tag of its own", () => {
    const path = "/game/assets/index-Dw3kX_-9.js";
    const plain = get(path);
    for (const list of ["gzip", "br, gzip", "deflate, GZIP;q=0.5"]) {
      const reply = ask(path, { "accept-encoding": list });
      expect(String(reply?.body)).toBe("let x, compressed");
      expect(reply?.headers).toMatchObject({
        "content-encoding": "gzip",
        vary: "accept-encoding",
        "content-type": "text/javascript; charset=utf-8",
      });
      expect(reply?.headers["etag"]).not.toBe(plain?.headers["etag"]);
      expect(ask(path, { "accept-encoding": list, "if-none-match": reply?.headers["etag"] ?? "" })?.status).toBe(304);
    }
    for (const list of ["", "br", "gzip;q=0", "gzip; q=0.0, br", "x-gzip-like"]) {
      const reply = ask(path, { "accept-encoding": list });
      expect(String(reply?.body)).toBe("let x");
      expect(reply?.headers["content-encoding"]).toBeUndefined();
      expect(reply?.headers["vary"]).toBe("accept-encoding");
    }
    expect(String(ask("/", { "accept-encoding": "gzip" })?.body)).toBe(home);
  });

  it("can only be read", () => {
    expect(ask("/", {}, "HEAD")?.status).toBe(200);
    expect(ask("/", {}, "POST")).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
    expect(ask("/missing", {}, "POST")).toBeUndefined();
  });

  it("refuses to load what is missing or too much", async () => {
    const site = join(root, "site");
    await expect(loadPages(join(root, "nowhere"))).rejects.toMatchObject({ code: "pages-missing" });
    await expect(loadPages(site, { bytesMax: 10 })).rejects.toMatchObject({ code: "pages-too-big" });
    await expect(loadPages(site, { filesMax: 3 })).rejects.toMatchObject({ code: "pages-too-big" });
  });
});
