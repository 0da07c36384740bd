#!/usr/bin/env -S node --initial-old-space-size=128
// The command `roomgate`. The flag of its first line is explained in gateway/ops/heap-flags.ts. In a checkout that was not built yet it builds first; in a package dist/ is there.
import { existsSync } from "node:fs";

const main = new URL("../dist/gateway/main.js", import.meta.url);
const inCheckout = existsSync(new URL("../gateway/main.ts", import.meta.url));

async function ready() {
  if (existsSync(main)) return true;
  if (!inCheckout) {
    console.error("roomgate: dist/ is missing from this package; install it again");
    return false;
  }
  const { build } = await import("./build.mjs");
  try {
    await build();
    return true;
  } catch (error) {
    console.error(`roomgate: ${error.message}`);
    return false;
  }
}

if (await ready()) {
  const { runCommandLine } = await import(main.href);
  await runCommandLine(process.argv.slice(2));
} else {
  process.exitCode = 1;
}
