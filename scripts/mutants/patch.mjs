import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Why the mutant cannot be made any more; `undefined` if it can. */
export function whyNot(root, { file, find }) {
  const source = readFileSync(join(root, file), "utf8");
  const count = source.split(find).length - 1;
  return count === 1 ? undefined : `its pattern stands ${count} times in ${file}`;
}

/** A plugin for vite and vitest that makes the fault in the source on its way, so that no file is touched. */
export function mutantPlugin(root, { name, file, find, replace }) {
  const path = join(root, file);
  return {
    name: `mutant: ${name}`,
    enforce: "pre",
    transform(code, id) {
      if (id.split("?")[0] !== path) return undefined;
      const patched = code.replace(find, () => replace);
      if (patched === code) throw new Error(`the mutant "${name}" does not find its pattern in ${file}`);
      return { code: patched, map: null };
    },
  };
}
