import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Bundles a scenario with all that it imports (codecs, Yjs) into one file for k6, which finds no packages by name. `roomgate/load` is what
 * stands in this checkout. Call `remove` when k6 has ended.
 */
export async function bundleLoad(entry) {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, "load-"));
  const remove = () => rmSync(outDir, { recursive: true, force: true });
  try {
    await build({
      root,
      configFile: false,
      logLevel: "error",
      resolve: { alias: { "roomgate/load": join(root, "load/k6/index.ts") } },
      build: {
        outDir,
        emptyOutDir: false,
        minify: false,
        target: "es2022",
        lib: { entry, formats: ["es"], fileName: () => "scenario.js" },
        rolldownOptions: { external: /^k6($|\/)/ },
      },
    });
  } catch (error) {
    remove();
    throw error;
  }
  return { path: join(outDir, "scenario.js"), remove };
}
