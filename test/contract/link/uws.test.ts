import { expect, it } from "vitest";
import { loadUws } from "../../../gateway/wire/uws-binary.ts";
import { createUwsListenPipe } from "../../../gateway/wire/uws-listen.ts";
import { openSocketWorld } from "../../support/link/link-world.ts";
import { testLinks } from "./link-suite.ts";
import { testSockets } from "./socket-suite.ts";

const missing = await loadUws().then(
  () => undefined,
  (error: unknown) => error,
);

if (missing === undefined) {
  testLinks("links over WebSockets, taken in by uWebSockets.js", () => openSocketWorld(createUwsListenPipe));
  testSockets({
    name: "uWebSockets.js takes trunks in",
    create: createUwsListenPipe,
    saysWhatIsWrong: false,
    garbageStatus: 505,
  });
} else {
  // This platform has no binary of uWebSockets.js; room servers take trunks in with ws here.
  it("EDGE-8: says that uWebSockets.js is missing", () => {
    expect(missing).toMatchObject({ code: "engine-missing" });
  });
}
