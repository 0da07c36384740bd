import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const programs = new URL("../../../scripts/tools/programs.mjs", import.meta.url).href;
const screenshots = fileURLToPath(new URL("../screenshots/", import.meta.url));

interface Figure {
  readonly name: string;
  readonly isOwn: boolean;
  readonly x: number;
  readonly y: number;
}

/** The part of the page's `window.__game` that can be carried over here. */
export interface Seen {
  readonly room: string;
  readonly name: string | undefined;
  readonly position: { readonly x: number; readonly y: number } | undefined;
  readonly players: number;
  readonly closes: number;
  readonly lastCloseCode: number | undefined;
  readonly states: number;
  readonly number: number | undefined;
  readonly score: number;
  readonly scores: Readonly<Record<number, number>>;
  readonly health: number | undefined;
  readonly carried: Readonly<Record<string, number>>;
  readonly items: { readonly spawned: number; readonly lying: number; readonly held: number; readonly used: number };
  readonly serial: number;
  readonly eventsMissed: number;
  readonly eventsRepeated: number;
  readonly moves: number;
  readonly lastMoveMs: number | undefined;
  readonly server: string | undefined;
  readonly epoch: number | undefined;
  readonly pingMs: number | undefined;
  readonly prediction: {
    readonly states: number;
    readonly corrections: number;
    readonly errorPxMax: number;
    readonly errorPxSum: number;
  };
  readonly longestSilenceMs: number;
  readonly connection: string;
  readonly figures: readonly Figure[];
}

/** Chromium without a screen; without a graphics card the page draws on a plain canvas, as it would for such a visitor. */
export async function openBrowser(): Promise<Browser> {
  const { obtainProgram } = await import(programs);
  const program: { path?: string; missing?: string } = obtainProgram("chromium");
  if (program.path === undefined) throw new Error(`the browser suite needs Chromium: ${program.missing}`);
  return chromium.launch({
    executablePath: program.path,
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-3d-apis",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
    ],
  });
}

/** One visitor in a browser profile of its own. */
export class GameWindow {
  readonly page: Page;
  /** What went wrong in the page, other than its warnings. */
  readonly errors: string[] = [];
  #wandering: Promise<void> | undefined;
  #isWandering = false;

  private constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(error.message));
  }

  /** Resolves when the visitor has a figure in the room. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<GameWindow> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 640 }, ...options });
    const opened = new GameWindow(await context.newPage());
    const response = await opened.page.goto(url);
    if (response?.status() !== 200) throw new Error(`${url} answered ${response?.status()}`);
    await opened.until((seen) => seen.position !== undefined);
    return opened;
  }

  look(): Promise<Seen> {
    return this.page.evaluate(() => {
      const { __game } = globalThis as unknown as { __game: Seen };
      return { ...__game };
    });
  }

  async until(isWanted: (seen: Seen) => boolean, msMax = 15_000): Promise<Seen> {
    const deadlineMs = performance.now() + msMax;
    for (;;) {
      const seen = await this.look();
      if (isWanted(seen)) return seen;
      if (performance.now() > deadlineMs) throw new Error(`not within ${msMax} ms; last: ${JSON.stringify(seen)}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Time from a press of the key, as the page hears it, until the own figure is drawn at another place. */
  async reactionMs(key: string): Promise<number> {
    const reaction = this.page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const page = globalThis as unknown as {
            __game: Seen;
            addEventListener(kind: "keydown", listener: () => void, options: { once: true; capture: true }): void;
            requestAnimationFrame(task: () => void): void;
          };
          const place = (): string => JSON.stringify(page.__game.figures.find(({ isOwn }) => isOwn));
          page.addEventListener(
            "keydown",
            () => {
              const [startMs, before] = [performance.now(), place()];
              const look = (): void => {
                if (place() !== before) resolve(performance.now() - startMs);
                else page.requestAnimationFrame(look);
              };
              look();
            },
            { once: true, capture: true },
          );
        }),
    );
    await this.page.waitForTimeout(50);
    await this.page.keyboard.down(key);
    const ms = await reaction;
    await this.page.keyboard.up(key);
    return ms;
  }

  /** Runs to and fro until `rest` is called. */
  wander(keys: readonly [string, string]): void {
    this.#isWandering = true;
    this.#wandering = this.#wander(keys);
  }

  async rest(): Promise<void> {
    this.#isWandering = false;
    await this.#wandering;
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(screenshots, { recursive: true });
    await this.page.screenshot({ path: `${screenshots}game-${name}.png` });
  }

  async #wander(keys: readonly [string, string]): Promise<void> {
    for (let turn = 0; this.#isWandering; turn += 1) {
      const key = keys[turn % 2] ?? keys[0];
      await this.page.keyboard.down(key);
      await this.page.waitForTimeout(450);
      await this.page.keyboard.up(key);
    }
  }
}
