import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

const screenshots = fileURLToPath(new URL("../screenshots/", import.meta.url));

/** The page's `window.__editor`. */
export interface EditorSeen {
  readonly name: string;
  readonly text: string;
  readonly standing: string;
  readonly isStored: boolean;
  readonly people: readonly string[];
  readonly closes: number;
  readonly history: readonly string[];
}

/** One writer in a browser profile of its own. */
export class EditorWindow {
  readonly page: Page;
  readonly errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !/WebSocket connection|ERR_/.test(message.text()))
        this.errors.push(message.text());
    });
  }

  get context(): BrowserContext {
    return this.page.context();
  }

  /** Resolves when the document is there, and may be written unless it is a reader's. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<EditorWindow> {
    const context = await browser.newContext({
      viewport: { width: 1100, height: 720 },
      permissions: ["clipboard-read", "clipboard-write"],
      ...options,
    });
    return EditorWindow.in(context, url);
  }

  static async in(context: BrowserContext, url: string): Promise<EditorWindow> {
    const opened = new EditorWindow(await context.newPage());
    const response = await opened.page.goto(url);
    if (response?.status() !== 200) throw new Error(`${url} answered ${response?.status()}`);
    await opened.until((seen) => seen.standing === "connected");
    return opened;
  }

  look(): Promise<EditorSeen> {
    return this.page.evaluate(() => {
      const { __editor } = globalThis as unknown as { __editor: EditorSeen };
      return { ...__editor };
    });
  }

  async until(isWanted: (seen: EditorSeen) => boolean, msMax = 20_000): Promise<EditorSeen> {
    const deadlineMs = performance.now() + msMax;
    for (;;) {
      const seen = await this.look();
      if (isWanted(seen)) return seen;
      if (performance.now() > deadlineMs) throw new Error(`not within ${msMax} ms; last: ${JSON.stringify(seen)}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Keystrokes, as from a keyboard. */
  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text, { delay: 12 });
  }

  press(...keys: readonly string[]): Promise<void> {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  part(name: string) {
    return this.page.getByTestId(name);
  }

  copied(): Promise<string> {
    return this.page.evaluate("navigator.clipboard.readText()");
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(screenshots, { recursive: true });
    await this.page.screenshot({ path: `${screenshots}editor-${name}.png` });
  }
}
