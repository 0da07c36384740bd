import { existsSync } from "node:fs";
import { findProgram, installWithApt } from "./find.mjs";
import { obtainK6 } from "./k6.mjs";

/**
 * Programs that are no npm packages. Each is looked for under its variable, then by name on the PATH, then installed if that
 * is allowed (k6 in ways of its own); whoever has none of these is told what to install.
 */
const programs = {
  chromium: {
    variable: "ROOMGATE_CHROMIUM",
    names: ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"],
    others: ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"],
    aptPackage: "chromium",
  },
  haproxy: { variable: "ROOMGATE_HAPROXY", names: ["haproxy"], others: [], aptPackage: "haproxy" },
  nginx: { variable: "ROOMGATE_NGINX", names: ["nginx"], others: [], aptPackage: "nginx-light" },
  k6: { variable: "ROOMGATE_K6", obtain: obtainK6 },
};

/** `{ path, variable }`, or `{ missing }` with a line that says what to do. */
export function obtainProgram(name) {
  const program = programs[name];
  if (program === undefined) throw new Error(`no such program in scripts/tools: ${name}`);
  const given = process.env[program.variable];
  if (given) {
    if (existsSync(given)) return { path: given, variable: program.variable };
    return { missing: `${program.variable} names ${given}, which does not exist` };
  }
  if (program.obtain !== undefined) return { variable: program.variable, ...program.obtain() };
  const find = () => findProgram(...program.names) ?? program.others.find((path) => existsSync(path));
  let path = find();
  if (path === undefined && program.aptPackage !== undefined && installWithApt(program.aptPackage)) path = find();
  if (path !== undefined) return { path, variable: program.variable };
  return { missing: `install ${name}, or set ${program.variable} to its path` };
}
