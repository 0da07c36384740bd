import { expect, it } from "vitest";
import { listenUws } from "../../../gateway/edge/listener-uws.ts";
import { loadUws } from "../../../gateway/wire/uws-binary.ts";
import { listenerContract } from "./listener-contract.ts";

const missing = await loadUws().then(
  () => undefined,
  (error: unknown) => error,
);

if (missing === undefined) {
  listenerContract({
    engine: "uWebSockets.js",
    open: listenUws,
    badTextCode: 1006,
    hugeMessageCode: 1006,
    canSharePort: true,
  });
} else {
  // This platform has no binary of uWebSockets.js; the gateway runs on the other listener here.
  it("EDGE-8: says that uWebSockets.js is missing", () => {
    expect(missing).toMatchObject({ code: "engine-missing" });
  });
}
