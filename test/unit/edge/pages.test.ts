import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadPages, noPages, type Pages } from "../../../gateway/edge/pages.ts";

const files: Readonly<Record<string, string>> = {
  "site/index.html": "home",
  "site/game/index.html": "game",
  "site/game/assets/index-Dw3kX_-9.js": "let x",
  "site/game/assets/plain.js": "let y",
  "site/editor/index.html": "editor",
  "site/about/index.html": "about",
  "site/with space/a b.txt": "spaced",
  "site/game/logo.png": "png",
  "secret.txt": "secret",
};

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
  pages = await loadPages(join(root, "site"));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const noHeaders = () => "";
const get = (path: string) => pages(path, "GET", noHeaders);
const textOf = (path: string) => {
  const reply = get(path);
  return reply === undefined ? undefined : Buffer.from(reply.body).toString();
};

describe("pages", () => {
  it.each([
    ["/", "home"],
    ["/index.html", "home"],
    ["/game/", "game"],
    ["/game/index.html", "game"],
    ["/game/some-room", "game"],
    ["/game/some-room/and/more", "game"],
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
    const ask = (value: string) => pages("/", "GET", (name) => (name === "if-none-match" ? value : ""));
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      expect(ask(value)).toMatchObject({ status: 304, body: "", headers: { etag } });
    }
    expect(ask('"other"')?.status).toBe(200);
    expect(get("/game/")?.headers["etag"]).not.toBe(etag);
  });

  it("can only be read", () => {
    expect(pages("/", "HEAD", noHeaders)?.status).toBe(200);
    expect(pages("/", "POST", noHeaders)).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
    expect(pages("/missing", "POST", noHeaders)).toBeUndefined();
  });

  it("refuses to load what is missing or too much", async () => {
    const site = join(root, "site");
    await expect(loadPages(join(root, "nowhere"))).rejects.toMatchObject({ code: "pages-missing" });
    await expect(loadPages(site, { bytesMax: 10 })).rejects.toMatchObject({ code: "pages-too-big" });
    await expect(loadPages(site, { filesMax: 3 })).rejects.toMatchObject({ code: "pages-too-big" });
  });
});
