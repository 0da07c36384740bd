import { defineConfig } from "vite";

/** A relative base: the page works wherever it is mounted, as long as a document's address is one level below that. */
export default defineConfig({
  base: "./",
  build: {
    outDir: "../../dist/pages/editor",
    emptyOutDir: true,
    target: "es2022",
    // Nothing inline, so that a page policy without `data:` and `unsafe-inline` is enough for scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
});
