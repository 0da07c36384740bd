import { cpSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mutantPlugin, whyNot } from "../mutants/patch.mjs";
import { bundlePrograms, scratchFolder } from "./bundle.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * A copy of what is built with one deliberate fault of `mutants/list.mjs` in it: `path` is its folder, from which `scripts/roomgate.mjs`
 * runs. It lies below `node_modules`, so that it finds its packages. Build first; call `remove` in the end.
 */
export async function copyWithFault(mutant) {
  const broken = whyNot(root, mutant);
  if (broken !== undefined) throw new Error(`"${mutant.name}" cannot be made any more: ${broken}`);
  const { path, remove } = scratchFolder("broken");
  try {
    for (const part of ["dist/gateway/ops", "dist/pages", "package.json", "scripts/roomgate.mjs"]) {
      cpSync(join(root, part), join(path, part), { recursive: true });
    }
    await bundlePrograms(join(path, "dist"), [mutantPlugin(root, mutant)]);
  } catch (error) {
    remove();
    throw error;
  }
  return { path, remove };
}
