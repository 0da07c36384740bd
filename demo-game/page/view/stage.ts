// Where the page may not evaluate code, Pixi needs this; it must come before the first renderer.
import "pixi.js/unsafe-eval";
import { Application, Container } from "pixi.js";
import type { Place } from "../../server/rules/arena.ts";
import type { Ledger } from "../../server/rules/ledger.ts";
import type { Blip } from "../../server/rules/messages.ts";
import type { ShownBolt, ShownFigure } from "../play/match.ts";
import { drawFloor, drawWalls } from "./arena-view.ts";
import { BankGuide } from "./bank-guide.ts";
import { BoltsLayer } from "./bolts-layer.ts";
import { Camera } from "./camera.ts";
import { EffectsLayer } from "./effects-layer.ts";
import { FigureView } from "./figure-view.ts";
import { ItemsLayer } from "./items-layer.ts";
import { MiniMap } from "./mini-map.ts";
import { palette } from "./palette.ts";

/** What is to be seen at one moment. */
export interface Scene {
  readonly figures: readonly ShownFigure[];
  readonly bolts: readonly ShownBolt[];
  readonly ledger: Ledger;
  readonly blips: readonly Blip[];
}

export interface Stage {
  /** What it draws with: Pixi's own name, such as `webgl` or `canvas`. */
  readonly renderer: string;
  readonly effects: EffectsLayer;
  /** Calls `task` before each picture. */
  onFrame(task: () => void): void;
  draw(scene: Scene, elapsedMs: number): void;
  /** Which place of the arena is under this point of the page, as drawn last. */
  placeAt(pageX: number, pageY: number): Place;
}

/**
 * Puts the arena into `host`, with WebGL where there is some, else WebGPU, else a plain canvas. Rejects where a browser has none.
 * `isCalm`: the visitor wants little motion.
 */
export async function openStage(host: HTMLElement, isCalm: boolean): Promise<Stage> {
  const app = new Application();
  await app.init({
    resizeTo: host,
    background: palette.outside,
    antialias: true,
    autoDensity: true,
    resolution: Math.min(window.devicePixelRatio, 2),
    preference: ["webgl", "webgpu", "canvas"],
  });
  app.canvas.setAttribute("role", "img");
  app.canvas.setAttribute("aria-label", "The arena, with a coloured figure for each player");
  host.append(app.canvas);

  const items = new ItemsLayer(isCalm);
  const bolts = new BoltsLayer();
  const effects = new EffectsLayer(isCalm);
  const guide = new BankGuide(isCalm);
  const figuresLayer = new Container({ sortableChildren: true });
  const labelsLayer = new Container();
  const world = new Container({
    children: [
      drawFloor(),
      items.container,
      figuresLayer,
      bolts.container,
      drawWalls(),
      effects.container,
      guide.container,
      labelsLayer,
    ],
  });
  const miniMap = new MiniMap();
  app.stage.addChild(world, miniMap.container);
  const camera = new Camera(isCalm);
  const views = new Map<string, FigureView>();

  function drawFigures(figures: readonly ShownFigure[], elapsedMs: number): void {
    const gone = new Set(views.keys());
    for (const figure of figures) {
      // A figure of another colour, or that turns out to be one's own, is another one to look at.
      const id = `${figure.player.number} ${figure.player.hue} ${figure.isOwn}`;
      gone.delete(id);
      let view = views.get(id);
      if (view === undefined) {
        view = new FigureView(figure, isCalm);
        views.set(id, view);
        figuresLayer.addChild(view.container);
        labelsLayer.addChild(view.label);
      }
      view.update(figure, elapsedMs);
    }
    for (const id of gone) {
      views.get(id)?.destroy();
      views.delete(id);
    }
  }

  return {
    renderer: app.renderer.name,
    effects,
    onFrame: (task) => void app.ticker.add(task),
    draw({ figures, bolts: flying, ledger, blips }, elapsedMs) {
      const { width, height } = app.screen;
      const own = figures.find((figure) => figure.isOwn);
      const { x, y, zoom } = camera.look(own, elapsedMs, width, height);
      world.position.set(x, y);
      world.scale.set(zoom);
      items.update(ledger, elapsedMs);
      drawFigures(figures, elapsedMs);
      bolts.update(flying, ledger);
      guide.update(own, elapsedMs);
      effects.elapse(elapsedMs);
      miniMap.place(width, height);
      miniMap.update(figures, blips, ledger);
    },
    placeAt(pageX, pageY) {
      const { left, top } = host.getBoundingClientRect();
      return { x: (pageX - left - world.x) / world.scale.x, y: (pageY - top - world.y) / world.scale.y };
    },
  };
}
