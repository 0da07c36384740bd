import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The sources' own names for the package's entries. */
const alias = { "roomgate/room": join(root, "gateway/serve.ts"), roomgate: join(root, "gateway/index.ts") };

/**
 * Bundles the simulation from its sources into one file that Node runs as it is. `plugins` may change sources on their way. The folder is
 * below `node_modules`, so that what is not bundled is found.
 */
export async function bundleSimulation(plugins = []) {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, "simulation-"));
  const remove = () => rmSync(outDir, { recursive: true, force: true });
  try {
    await build({
      root,
      configFile: false,
      logLevel: "error",
      resolve: { alias },
      plugins,
      build: { ssr: join(root, "test/simulation/run.ts"), outDir, emptyOutDir: false, minify: false, target: "node20" },
    });
  } catch (error) {
    remove();
    throw error;
  }
  return { path: join(outDir, "run.js"), remove };
}
