import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { heapFlags } from "../../../gateway/ops/heap-flags.ts";

test("a process that is started by hand has the same heap as a supervised one", () => {
  const script = readFileSync(new URL("../../../scripts/roomgate.mjs", import.meta.url), "utf8");
  expect(script.split("\n", 1)[0]).toBe(`#!/usr/bin/env -S node ${heapFlags.join(" ")}`);
});
