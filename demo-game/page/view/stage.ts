// Where the page may not evaluate code, Pixi needs this; it must come before the first renderer.
import "pixi.js/unsafe-eval";
import { Application, Container } from "pixi.js";
import type { ShownFigure } from "../play/match.ts";
import { drawFloor, drawWalls } from "./arena-view.ts";
import { Camera } from "./camera.ts";
import { FigureView } from "./figure-view.ts";
import { MiniMap } from "./mini-map.ts";
import { palette } from "./palette.ts";

export interface Stage {
  /** What it draws with: Pixi's own name, such as `webgl` or `canvas`. */
  readonly renderer: string;
  /** Calls `task` before each picture. */
  onFrame(task: () => void): void;
  draw(figures: readonly ShownFigure[], elapsedMs: number): void;
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

  const figuresLayer = new Container({ sortableChildren: true });
  const namesLayer = new Container();
  const world = new Container({ children: [drawFloor(), figuresLayer, drawWalls(), namesLayer] });
  const miniMap = new MiniMap();
  app.stage.addChild(world, miniMap.container);
  const camera = new Camera(isCalm);
  const views = new Map<string, FigureView>();

  function drawFigures(figures: readonly ShownFigure[], elapsedMs: number): void {
    const gone = new Set(views.keys());
    for (const figure of figures) {
      // A figure of another colour, or that turns out to be one's own, is another one to look at.
      const id = `${figure.card.number} ${figure.card.hue} ${figure.isOwn}`;
      gone.delete(id);
      let view = views.get(id);
      if (view === undefined) {
        view = new FigureView(figure, isCalm);
        views.set(id, view);
        figuresLayer.addChild(view.container);
        namesLayer.addChild(view.name);
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
    onFrame: (task) => void app.ticker.add(task),
    draw(figures, elapsedMs) {
      const { width, height } = app.screen;
      const { x, y, zoom } = camera.look(
        figures.find((figure) => figure.isOwn),
        elapsedMs,
        width,
        height,
      );
      world.position.set(x, y);
      world.scale.set(zoom);
      drawFigures(figures, elapsedMs);
      miniMap.place(width, height);
      miniMap.update(figures);
    },
  };
}
