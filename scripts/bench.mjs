#!/usr/bin/env node
// `npm run bench`: Roomgate beside other gateways and servers, on this machine; `npm run bench -- --help` says what can be chosen.
import { build } from "./build.mjs";

await build();
await import(new URL("../dist/load/bench/main.js", import.meta.url).href);
