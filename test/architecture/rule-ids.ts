import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where an identifier of a rule stands. */
export interface Citation {
  readonly id: string;
  readonly place: string;
  /** In the title of a test or of a group of tests. */
  readonly isTitle: boolean;
}

/** Areas of SPEC.md. Other words with a number (`SHA-256`) are none. */
const areas =
  "ARCH|WIRE|STORE|PLACE|LIVE|OWN|MOVE|ROOM|COMMIT|RECOVER|TELL|RUN|GATE|EDGE|SITE|TRUNK|EPOCH|START|OPS|GAME|EDIT|CLIENT|LOAD|SIM|QUAR";
const idPattern = new RegExp(`\\b(?:${areas})-\\d+\\b`, "g");
const rulePattern = new RegExp(`^- \\*\\*((?:${areas})-\\d+)\\*\\* (.+)$`, "gm");

/** The rules of SPEC.md, in its order, each with its sentence. */
export function rulesOf(spec: string): { readonly id: string; readonly sentence: string }[] {
  return [...spec.matchAll(rulePattern)].map(([, id = "", sentence = ""]) => ({ id, sentence }));
}

/**
 * Citations in a source. In a test everything but a comment counts as its title: identifiers in tables of cases end up in titles,
 * and no test has another use for them.
 */
export function citationsIn(path: string, text: string): Citation[] {
  const isTest = path.startsWith("test/") && (/\.test\.ts$/.test(path) || /-(suite|contract)\.ts$/.test(path));
  return text.split("\n").flatMap((line, index) => {
    const code = isTest ? line.replace(/(^|\s)(\/\/|\/?\*).*$/, "") : "";
    const titled = new Set(code.match(idPattern));
    return [...new Set(line.match(idPattern))].map((id) => ({
      id,
      place: `${path}:${index + 1}`,
      isTitle: titled.has(id),
    }));
  });
}

/** What titles of tests begin with as if it were a rule, in whatever area. */
export function leadingIdsIn(text: string): string[] {
  return [...text.matchAll(/\b(?:test|it|describe)(?:\.\w+)?\(\s*["'`]([A-Z]+-\d+)[:,]/g)].map(([, id = ""]) => id);
}

export function readLeadingIds(root: string, folder: string, except: string): string[] {
  const paths = filesBelow(root, folder).filter((path) => path !== except);
  return paths.flatMap((path) => leadingIdsIn(readFileSync(join(root, path), "utf8")));
}

/** Citations in all sources below these folders. */
export function readCitations(root: string, folders: readonly string[]): Citation[] {
  return folders.flatMap((folder) =>
    filesBelow(root, folder).flatMap((path) => citationsIn(path, readFileSync(join(root, path), "utf8"))),
  );
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(root, path);
    return /\.(ts|mjs)$/.test(entry.name) ? [path] : [];
  });
}
