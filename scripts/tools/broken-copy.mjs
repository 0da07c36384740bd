import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformWithOxc } from "vite";
import { whyNot } from "../mutants/patch.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * A copy of what is built with one deliberate fault of `mutants/list.mjs` in it: `path` is its folder, from which `scripts/roomgate.mjs`
 * runs. It lies below `node_modules`, so that it finds its packages. Build first; call `remove` in the end.
 */
export async function copyWithFault(mutant) {
  const broken = whyNot(root, mutant);
  if (broken !== undefined) throw new Error(`"${mutant.name}" cannot be made any more: ${broken}`);
  const { file, find, replace } = mutant;
  const source = readFileSync(join(root, file), "utf8").replace(find, () => replace);
  const { code } = await transformWithOxc(source, join(root, file), { target: "node20", sourcemap: false });
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const path = mkdtempSync(join(cache, "broken-"));
  const remove = () => rmSync(path, { recursive: true, force: true });
  try {
    for (const part of [
      "dist/gateway",
      "dist/load",
      "dist/demo-game",
      "dist/demo-editor",
      "dist/pages",
      "package.json",
    ]) {
      cpSync(join(root, part), join(path, part), { recursive: true });
    }
    cpSync(join(root, "scripts/roomgate.mjs"), join(path, "scripts/roomgate.mjs"));
    // The compiled sources name each other as JavaScript.
    const compiled = code.replace(/(from\s+"\.[^"]*)\.ts"/g, '$1.js"');
    writeFileSync(join(path, "dist", file.replace(/\.ts$/, ".js")), compiled);
  } catch (error) {
    remove();
    throw error;
  }
  return { path, remove };
}
