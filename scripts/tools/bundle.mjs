import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The sources' own names for the package's entries. */
const alias = { "roomgate/room": join(root, "gateway/serve.ts"), roomgate: join(root, "gateway/index.ts") };

const common = { root, configFile: false, logLevel: "error" };

/** A new folder below `node_modules`, so that what runs in it finds its packages. Call `remove` in the end, also where that fails. */
export function scratchFolder(name) {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const path = mkdtempSync(join(cache, `${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

async function bundleFile(name, config) {
  const { path: outDir, remove } = scratchFolder(name);
  try {
    await build({ ...common, ...config, build: { ...config.build, outDir, emptyOutDir: false, minify: false } });
  } catch (error) {
    remove();
    throw error;
  }
  return { path: join(outDir, `${name}.js`), remove };
}

/** Bundles the simulation from its sources into one file that Node runs as it is. `plugins` may change sources on their way. */
export function bundleSimulation(plugins = []) {
  const input = { simulation: join(root, "test/simulation/run.ts") };
  return bundleFile("simulation", {
    resolve: { alias },
    plugins,
    build: { ssr: true, target: "node20", rolldownOptions: { input } },
  });
}

/**
 * Bundles a scenario with all that it imports (codecs, Yjs) into one file for k6, which finds no packages by name. `roomgate/load` is what
 * stands in this checkout.
 */
export function bundleLoad(entry) {
  return bundleFile("scenario", {
    resolve: { alias: { "roomgate/load": join(root, "load/k6/index.ts") } },
    build: {
      target: "es2022",
      lib: { entry, formats: ["es"], fileName: () => "scenario.js" },
      rolldownOptions: { external: /^k6($|\/)/ },
    },
  });
}

/** What is started as a process or a thread of its own, or imported by name, from the sources' root. */
const entries = [
  "gateway/main",
  "gateway/index",
  "gateway/serve",
  "gateway/run-turn-watchdog",
  "load/rooms",
  "demo-game/server/rooms",
  "demo-editor/server/rooms",
  "demo-editor/server/compaction-thread",
];

/** A module names the files beside it from where it lies; in a bundle it lies elsewhere. */
function ownAddresses() {
  const marked = /__own_address__\("([^"]+)"\)/g;
  return {
    name: "own-addresses",
    transform(code, id) {
      if (!id.startsWith(root) || id.includes("node_modules") || !code.includes("import.meta.url")) return undefined;
      return code.replaceAll("import.meta.url", `__own_address__("${relative(root, id)}")`);
    },
    renderChunk(code, { fileName }) {
      const toRoot = relative(dirname(fileName), "") || ".";
      return code.replace(marked, (_, path) => `new URL("${toRoot}/${path}", import.meta.url).href`);
    },
  };
}

/**
 * Bundles the programs from their sources into `outDir`, each under its own name and what they share in `chunks/`. A process that loads
 * some ten files begins in half of the CPU time that hundreds of them take, packages included, and a process begins while others take over
 * from the one before it. Packages with native code stay outside, and what they load by themselves. `plugins` may change
 * sources on their way.
 */
export async function bundlePrograms(outDir, plugins = []) {
  await build({
    ...common,
    resolve: { alias },
    plugins: [...plugins, ownAddresses()],
    ssr: { noExternal: true, external: ["lmdb", "msgpackr", "uWebSockets.js"] },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: false,
      copyPublicDir: false,
      minify: false,
      sourcemap: true,
      target: "node20",
      rolldownOptions: {
        input: Object.fromEntries(entries.map((entry) => [entry, join(root, `${entry}.ts`)])),
        output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
      },
    },
  });
}
