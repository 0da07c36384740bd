import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { mergeConfig } from "vitest/config";
import base from "../../vitest.config.ts";
import { mutants } from "./list.mjs";
import { mutantPlugin } from "./patch.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const mutant = mutants.find(({ name }) => name === process.env.ROOMGATE_MUTANT);
if (!mutant) throw new Error(`there is no mutant "${process.env.ROOMGATE_MUTANT}"`);

/** The suites as they are, on sources with one fault. */
export default {
  ...base,
  root,
  test: {
    ...base.test,
    projects: base.test.projects.map((project) =>
      mergeConfig(project, { root, plugins: [mutantPlugin(root, mutant)], test: { bail: 1 } }),
    ),
  },
};
