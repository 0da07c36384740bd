import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { quantiles } from "../support/quantiles.ts";
import { sleep, until } from "../support/until.ts";
import { EditorWindow } from "./support/editor-window.ts";
import { openBrowser } from "./support/game-window.ts";

/** `npm run show:editor` takes the long one. */
const isLong = process.env["ROOMGATE_SHOW"] === "long";
const plan = isLong ? { writingMs: 60_000, killEveryMs: 10_000 } : { writingMs: 5_000, killEveryMs: 3_000 };
const moveEveryMs = 250;

let cluster: Cluster;
let browser: Browser;

beforeAll(async () => {
  [cluster, browser] = await Promise.all([startCluster({ flags: ["--servers", "3"] }), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await cluster?.dispose();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

const open = (path = "") => EditorWindow.open(browser, `${cluster.pagesUrl}/editor/${path}`);

async function ownerOf(room: string): Promise<string> {
  const status = await until(
    () => cluster.room(room),
    (found) => found !== undefined,
  );
  return status?.server ?? "";
}

async function rename(window: EditorWindow, name: string): Promise<void> {
  await window.part("you-menu").click();
  await window.part("name").fill(name);
  await window.press("Enter", "Escape");
  await window.page.locator(".cm-content").click();
}

/** Moves the document again and again, and kills its server now and then, until the time is over. */
async function strike(room: string): Promise<{ readonly pausesMs: readonly number[]; readonly kills: number }> {
  const pausesMs: number[] = [];
  let kills = 0;
  const startMs = performance.now();
  for (let nextMs = startMs; performance.now() - startMs < plan.writingMs; nextMs += moveEveryMs) {
    const owner = await ownerOf(room);
    if (performance.now() - startMs > plan.killEveryMs * (kills + 0.8)) {
      await cluster.signal(owner, "SIGKILL");
      kills += 1;
      await until(
        () => ownerOf(room),
        (next) => next !== owner,
      );
      continue;
    }
    const target = (await cluster.liveServers()).find(({ id }) => id !== owner)?.id ?? "";
    const reply = await cluster.move(room, target);
    if (reply.status === 200) pausesMs.push(reply.body.pauseMs);
    await sleep(nextMs + moveEveryMs - performance.now());
  }
  return { pausesMs, kills };
}

describe("two windows on one document", () => {
  test("EDIT-1: with real keystrokes, while it moves and its server is killed: the same in both, whole, and no close", {
    timeout: plan.writingMs + 120_000,
  }, async () => {
    const ada = await open();
    const { name } = await ada.look();
    const room = `editor/${name}`;
    const bob = await EditorWindow.open(browser, ada.page.url());
    await rename(ada, "Ada");
    await rename(bob, "Bob");
    await ada.until(({ people }) => people.join() === "Ada,Bob");
    await bob.until(({ people }) => people.join() === "Bob,Ada");

    await ada.type("# Minutes\n\nAda writes **this**.\n\n");
    await bob.until(({ text }) => text.includes("this"));
    await bob.press("Control+End");
    let typing = true;
    const adas: string[] = [];
    const bobs: string[] = [];
    const write = async (window: EditorWindow, words: string[], mark: string) => {
      while (typing) {
        const word = `${mark}${words.length} `;
        await window.type(word);
        words.push(word.trim());
      }
    };
    await ada.press("Control+Home", "End");
    const writing = [write(ada, adas, "a"), write(bob, bobs, "b")];
    const { pausesMs, kills } = await strike(room);
    typing = false;
    await Promise.all(writing);

    // What one of them has typed last may still be on its way to the other.
    const [{ text }] = await until(
      () => Promise.all([ada.look(), bob.look()]),
      ([seen, other]) => seen.isStored && other.isStored && seen.text === other.text,
      30_000,
    );
    await bob.press("Shift+Home");
    await ada.screenshot("two-windows-ada");
    await bob.screenshot("two-windows-bob");
    console.log(
      `${plan.writingMs / 1_000} s: ${pausesMs.length} moves, pause ${quantiles(pausesMs)}; ${kills} kills; ` +
        `${adas.length} and ${bobs.length} words typed`,
    );
    expect(kills).toBeGreaterThan(0);
    expect(pausesMs.length).toBeGreaterThan(3);
    for (const word of [...adas, ...bobs]) expect(text).toContain(word);
    expect(text.indexOf(adas.join(" "))).toBeGreaterThan(0);
    expect(text.indexOf(bobs.join(" "))).toBeGreaterThan(0);
    for (const window of [ada, bob]) {
      expect(await window.until(({ standing }) => standing === "connected")).toMatchObject({ closes: 0 });
      expect(window.errors).toEqual([]);
    }
    expect((await ada.look()).people).toEqual(["Ada", "Bob"]);

    const eve = await EditorWindow.open(browser, ada.page.url());
    expect((await eve.until((seen) => seen.text !== "")).text).toBe(text);
    await eve.page.context().close();
    await ada.until(({ people }) => people.length === 2, 3_000);
  });

  test("undoes one's own changes alone", async () => {
    const ada = await open("undo-here");
    const bob = await open("undo-here");
    await ada.type("mine");
    await bob.until(({ text }) => text === "mine");
    await bob.press("Control+End");
    await bob.type(" yours");
    await ada.until(({ text }) => text === "mine yours");
    await ada.press("Control+z");
    await ada.until(({ text }) => text === " yours");
    await ada.press("Control+y");
    await bob.until(({ text }) => text === "mine yours");
    await ada.page.getByRole("button", { name: "Undo" }).click();
    await bob.until(({ text }) => text === " yours");
  });

  test("says moving when nobody has the document, and connected when somebody has it again", async () => {
    const ada = await open("a-pause");
    await ada.type("before");
    await ada.until(({ isStored }) => isStored);
    const victim = await ownerOf("editor/a-pause");
    await cluster.signal(victim, "SIGSTOP");
    try {
      await ada.type(" during");
      await ada.until(({ standing }) => standing === "moving");
      await ada.screenshot("moving");
      const seen = await ada.until(({ standing, isStored }) => standing === "connected" && isStored);
      expect(seen).toMatchObject({ text: "before during", closes: 0 });
      expect(seen.history).not.toContain("offline");
    } finally {
      await cluster.signal(victim, "SIGCONT").catch(() => {});
    }
  });

  test("EDIT-6: merges what was written offline, also after the page was loaded anew without a connection to the document", async () => {
    const ada = await open("on-a-train");
    await ada.type("start");
    await ada.until(({ isStored }) => isStored);
    const bob = await open("on-a-train");
    await bob.until(({ text }) => text === "start");
    await ada.page.routeWebSocket(/rooms/, (socket) => void socket.close());
    await ada.page.reload();
    await ada.until(({ standing, text }) => standing === "offline" && text === "start");
    await ada.page.locator(".cm-content").click();
    await ada.press("Control+End");
    await ada.type(" offline");
    await ada.screenshot("offline");
    await bob.press("Control+Home");
    await bob.type("online ");
    await bob.until(({ isStored }) => isStored);
    const again = await EditorWindow.in(ada.context, ada.page.url());
    const merged = "online start offline";
    await again.until(({ text }) => text === merged);
    await bob.until(({ text }) => text === merged);
  });
});

describe("what the page offers", () => {
  const leftAlone = "left-alone";
  beforeAll(async () => {
    const writer = await open(leftAlone);
    await writer.type("still here");
    await writer.until(({ isStored }) => isStored);
    expect(await cluster.room(`editor/${leftAlone}`)).toBeDefined();
    await writer.page.context().close();
  });

  test("EDIT-5: a link for readers, who see all, are seen, and cannot write, with or without the page", async () => {
    const ada = await open();
    await ada.type("# For all\n\nto read");
    await ada.part("share-menu").click();
    await ada.screenshot("share");
    await ada.part("copy-link").click();
    const link = await ada.copied();
    await ada.part("copy-reader").click();
    const readers = await ada.copied();
    expect(link).toBe(ada.page.url());
    expect(readers).not.toContain("key=");
    const rita = await EditorWindow.open(browser, readers);
    await rita.until(({ text }) => text.includes("to read"));
    expect(await rita.part("reads").isVisible()).toBe(true);
    await rita.page.locator(".cm-content").click();
    await rita.type("not this");
    // The name alone, without what says that it is for reading, is not enough either.
    const curious = await EditorWindow.open(browser, readers.replace("?mode=read", ""));
    await curious.page.locator(".cm-content").click();
    await curious.type("nor this");
    await rita.screenshot("reader");
    await ada.until(({ people }) => people.length === 3);
    for (const window of [ada, rita, curious]) expect((await window.look()).text).toBe("# For all\n\nto read");
  });

  test("recent documents, new ones, files, formats by keyboard", async () => {
    const ada = await open("a-list");
    await ada.type("## Things to do\nsome *fine* text");
    await ada.press("Shift+Home", "Control+b");
    await ada.until(({ text }) => text === "## Things to do\n**some *fine* text**");
    await ada.part("share-menu").click();
    const files = async (button: string): Promise<readonly [string, string]> => {
      const [download] = await Promise.all([ada.page.waitForEvent("download"), ada.part(button).click()]);
      return [download.suggestedFilename(), readFileSync(await download.path(), "utf8")];
    };
    expect(await files("export-md")).toEqual(["Things to do.md", "## Things to do\n**some *fine* text**"]);
    expect(await files("export-txt")).toEqual(["Things to do.txt", "Things to do\nsome fine text"]);
    await ada.press("Escape");
    await ada.until(({ isStored }) => isStored);
    await ada.page.waitForTimeout(600);
    await ada.part("documents-menu").click();
    await ada.part("new").click();
    await ada.page.waitForURL(/~[A-Za-z0-9_-]{22}#key=/);
    await ada.until(({ standing, text }) => standing === "connected" && text === "");
    await ada.part("documents-menu").click();
    await ada.part("recent").getByText("Things to do").waitFor();
    await ada.screenshot("documents");
    await ada.part("open-name").fill("no such name!");
    await ada.press("Enter");
    expect(await ada.part("open-problem").textContent()).toContain("1 to 128");
    await ada.part("recent").getByText("Things to do").click();
    await ada.until(({ name, text }) => name === "a-list" && text.includes("fine"));
    expect(ada.errors).toEqual([]);
  });

  test("two windows of one browser are two people, and what is too much for one message is not let in", async () => {
    const ada = await open("side-by-side");
    const beside = await EditorWindow.in(ada.context, ada.page.url());
    const bob = await open("side-by-side");
    for (const window of [ada, beside, bob]) await window.until(({ people }) => people.length === 3);
    await beside.type("beside ");
    for (const window of [ada, bob]) await window.until(({ text }) => text === "beside ");
    await beside.page.close();
    for (const window of [ada, bob]) await window.until(({ people }) => people.length === 2, 5_000);
    await ada.page.evaluate("navigator.clipboard.writeText('ü'.repeat(600_000))");
    await ada.page.bringToFront();
    await ada.page.locator(".cm-content").click();
    await ada.press("Control+v");
    await ada.part("toast").getByText("too much at once").waitFor();
    await ada.page.evaluate("navigator.clipboard.writeText('y'.repeat(600_000))");
    await ada.press("Control+v");
    await bob.until(({ text }) => text.length === 600_007);
    for (const window of [ada, bob]) expect((await window.look()).closes).toBe(0);
  });

  test("says so where a name is none", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const response = await page.goto(`${cluster.pagesUrl}/editor/two%20words`);
    expect(response?.status()).toBe(200);
    expect(await page.getByTestId("misnamed").textContent()).toContain("two words");
    const refused = new WebSocket(`${cluster.clientUrl}/rooms/editor/two%20words`);
    const [, answer] = await once(refused, "unexpected-response");
    expect(answer.statusCode).toBe(400);
  });

  test("all of it by keyboard: menus, toolbar, text", async () => {
    const ada = await open("by-keyboard");
    await ada.page.getByTestId("you-menu").focus();
    await ada.press("Enter");
    expect(await ada.part("name").isVisible()).toBe(true);
    await ada.press("Escape");
    expect(await ada.part("name").isVisible()).toBe(false);
    await ada.page.getByRole("button", { name: "Undo" }).focus();
    await ada.press("ArrowRight", "ArrowRight", "Enter");
    await ada.type("heading");
    await ada.until(({ text }) => text === "## heading");
    await ada.press("Tab");
    expect(await ada.page.evaluate("document.activeElement.closest('.cm-editor') === null")).toBe(true);
    expect(await ada.page.getByRole("textbox", { name: "Document text" }).count()).toBe(1);
  });

  test("shows Markdown as it will look where nobody edits, and ticks tasks off", async () => {
    const ada = await open("a-look");
    await ada.type("# Plan\nSome **bold** and `code`.\n- [ ] order lamps");
    const content = ada.page.locator(".cm-content");
    await ada.press("Control+Home");
    expect(await content.innerText()).toMatch(/^# Plan\nSome bold and code\.\n/);
    await ada.page.getByRole("checkbox", { name: "To do" }).click();
    await ada.until(({ text }) => text === "# Plan\nSome **bold** and `code`.\n- [x] order lamps");
    await ada.screenshot("look");
    await ada.press("ArrowDown");
    expect(await content.innerText()).toMatch(/^Plan\nSome \*\*bold\*\* and `code`\.\n/);
    expect(ada.errors).toEqual([]);
  });

  test("light and dark, and a phone", async () => {
    const ada = await open("in-the-dark");
    await ada.type("# Dark\n\nSome `code`, a [link](https://example.org), *and* **more**.\n\n- one\ntwo\n\n\n> said");
    await ada.part("you-menu").click();
    await ada.page.getByLabel("Dark").check();
    const ground = await ada.page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor");
    await ada.screenshot("dark");
    await ada.page.getByLabel("Light").check();
    expect(await ada.page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")).not.toBe(ground);
    await ada.until(({ isStored }) => isStored);
    const phone = await EditorWindow.open(browser, ada.page.url(), {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    await phone.until(({ text }) => text.includes("said"));
    expect(await phone.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    await phone.page.locator(".cm-content").tap();
    await phone.type("From a phone. ");
    await ada.until(({ text }) => text.includes("From a phone. "));
    await phone.screenshot("phone");
    await phone.part("share-menu").tap();
    await phone.screenshot("phone-menu");
    expect(phone.errors).toEqual([]);
  });

  // Last, since it takes a while until a document is let go.
  test("EDIT-7: a document that nobody has open leaves memory, and is there again for whoever opens it", async () => {
    await until(
      () => cluster.room(`editor/${leftAlone}`),
      (status) => status === undefined,
      30_000,
    );
    const ada = await open(leftAlone);
    expect((await ada.until(({ text }) => text !== "")).text).toBe("still here");
  });
});
