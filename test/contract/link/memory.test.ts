import { openMemoryWorld } from "../../support/link/link-world.ts";
import { testLinks } from "./link-suite.ts";

testLinks("links over memory pipes", openMemoryWorld);
