import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";
import { openBrowser } from "./support/game-window.ts";

let cluster: Cluster;
let browser: Browser;
/** What the pages' consoles say, a violation of a page's policy among it. */
const complaints: string[] = [];

const desk = { viewport: { width: 1280, height: 800 } } as const;
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } as const;

async function open(url: string, options: Parameters<Browser["newContext"]>[0] = desk): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  expect((await page.goto(url))?.status()).toBe(200);
  return page;
}

const textOf = (page: Page, selector: string) => page.locator(selector).first().textContent();
const scrollsSideways = (page: Page) => page.evaluate("document.documentElement.scrollWidth > window.innerWidth");

/** Enters a room of the app `fan`; resolves when it has answered, and so has an owner. */
async function enter(room: string): Promise<WebSocket> {
  const socket = new WebSocket(`${cluster.clientUrl}/rooms/${room}`);
  await new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("message", resolve);
    socket.once("open", () => socket.send(room));
  });
  return socket;
}

beforeAll(async () => {
  [cluster, browser] = await Promise.all([startCluster(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await cluster?.dispose();
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  complaints.length = 0;
});

describe("the landing page", () => {
  test("EDGE-12: talks in a room, in two windows, under a policy that keeps foreign scripts out", async () => {
    const ada = await open(`${cluster.pagesUrl}/`);
    const bob = await open(`${cluster.pagesUrl}/`, phone);
    for (const page of [ada, bob]) await page.locator("#state[data-open=yes]").waitFor();
    await ada.locator("#text").fill("hello <b>you</b>");
    await ada.keyboard.press("Enter");
    for (const page of [ada, bob]) await page.getByText("hello <b>you</b>").waitFor();
    expect(await scrollsSideways(ada)).toBe(false);
    expect(await scrollsSideways(bob)).toBe(false);
    expect(complaints).toEqual([]);

    await ada.evaluate(
      "document.head.append(Object.assign(document.createElement('script'), { text: 'window.injected = 1' }))",
    );
    expect(await ada.evaluate("window.injected")).toBeUndefined();
    expect(complaints.join()).toContain("Content Security Policy");
  });

  test("leads to the dashboard and to the arena", async () => {
    const page = await open(`${cluster.pagesUrl}/`);
    await page.getByRole("link", { name: "open it" }).click();
    await page.waitForURL(`http://localhost:${cluster.adminPort}/`);
    expect(await page.title()).toBe("Roomgate · dashboard");
    await page.goBack();
    await page.getByRole("link", { name: "The arena" }).click();
    await page.waitForURL(/\/game\/[a-z0-9-]+$/);
    expect(complaints).toEqual([]);
  });
});

test("EDGE-12: the address of a room of the arena is that of its page, whatever the room's name", async () => {
  for (const room of ["plaza", "v1.2", "a~b:c_d"]) {
    const page = await open(`${cluster.pagesUrl}/game/${room}`);
    await page.locator("[data-testid=connection][data-kind=open]").waitFor();
    expect(await textOf(page, "[data-testid=room]")).toBe(room);
    await page.context().close();
  }
  expect(complaints).toEqual([]);
  expect((await fetch(`${cluster.pagesUrl}/game/assets/absent.js`)).status).toBe(404);
});

test("EDGE-12: the editor runs under the policy of pages too, at the address of a document", async () => {
  const page = await open(`${cluster.pagesUrl}/editor/v1.2`);
  await page.locator("[contenteditable=true]").waitFor();
  await page.locator("[contenteditable=true]").pressSequentially("written");
  await page.getByText("written").waitFor();
  expect(complaints).toEqual([]);
});

describe("the dashboard", () => {
  test("OPS-15: moves a room by the keyboard alone, which stays where it was", async () => {
    const member = await enter("fan/by-keyboard");
    const page = await open(`${cluster.adminUrl}/`);
    const row = page.locator("#rooms tr", { hasText: "fan/by-keyboard" });
    const before = await row.locator("td").nth(1).textContent();
    await row.locator("select").focus();
    await page.keyboard.press("ArrowDown");
    const target = await row.locator("select").inputValue();
    expect(target).not.toBe("");
    // Choosing alone moves nothing.
    expect((await cluster.room("fan/by-keyboard"))?.server).toBe(before);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page
      .getByText(new RegExp(`fan/by-keyboard moved from ${before} to ${target} and stood still for [\\d.]+ ms`))
      .waitFor();
    await until(
      () => row.locator("td").nth(1).textContent(),
      (server) => server === target,
    );
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Move");
    expect(complaints).toEqual([]);
    member.close();
  });

  test("OPS-15: says why a move is refused, on top of whatever is shown", async () => {
    const member = await enter("fan/refused");
    const page = await open(`${cluster.adminUrl}/`, phone);
    const row = page.locator("#rooms tr", { hasText: "fan/refused" });
    const target = (await row.locator("option").nth(1).textContent()) ?? "";
    await row.locator("select").selectOption(target);
    expect((await cluster.move("fan/refused", target)).status).toBe(200);
    // It would find the refusal by itself at its next look, and not ask.
    await page.route("**/api/{servers,gateways,rooms?*}", (route) => route.abort());
    await row.getByRole("button").click();
    const message = page.locator(".message.bad");
    await message.waitFor();
    expect(await message.textContent()).toContain(`fan/refused is at ${target} already`);
    expect(await message.boundingBox()).toMatchObject({ y: expect.closeTo(680, -2) });
    await message.getByRole("button", { name: "Dismiss" }).click();
    expect(await message.count()).toBe(0);
    expect(await scrollsSideways(page)).toBe(false);
    member.close();
  });

  test("OPS-15: drains a server, shows another in its place, and says when it has no answer", async () => {
    const page = await open(`${cluster.adminUrl}/`);
    await page.locator("#servers tr").nth(2).waitFor();
    const drained = (await page.locator("#servers tr").first().locator("td").first().textContent()) ?? "";
    await page.getByRole("button", { name: `Drain ${drained}` }).click();
    await page.getByText(`${drained} drains`).waitFor();
    await until(
      async () => (await page.locator("#servers").textContent()) ?? "",
      (text) => !text.includes(drained) && text.split("live").length === 4,
    );
    expect(complaints).toEqual([]);
    expect(await page.locator("#health").getAttribute("data-good")).toBe("yes");
    await page.route("**/api/**", (route) => route.abort());
    await page.locator("#health[data-good=no]").waitFor();
    expect(await textOf(page, "#health")).toContain("no answer since");
  });
});
