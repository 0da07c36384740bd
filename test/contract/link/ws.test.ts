import { openSocketWorld } from "../../support/link/link-world.ts";
import { testLinks } from "./link-suite.ts";

testLinks("links over WebSockets", openSocketWorld);
