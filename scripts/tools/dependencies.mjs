#!/usr/bin/env node
// Exits 0 if node_modules holds what package-lock.json asks for, 1 if `npm ci` is needed.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const packagesOf = (file) => JSON.parse(readFileSync(join(root, file), "utf8")).packages;

function isCurrent() {
  try {
    const wanted = packagesOf("package-lock.json");
    const present = packagesOf("node_modules/.package-lock.json");
    return Object.entries(wanted).every(([path, entry]) => {
      if (path === "") return true;
      const found = present[path];
      return found === undefined ? entry.optional === true : found.version === entry.version;
    });
  } catch {
    return false;
  }
}

process.exitCode = isCurrent() ? 0 : 1;
