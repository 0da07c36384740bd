import { describe, expect, it } from "vitest";
import { listenWs } from "../../../gateway/edge/listener-ws.ts";
import { nodeSharesPorts } from "../../../gateway/wire/port-sharing.ts";
import { benchOpener, type ListenerEngineUnderTest } from "./listener-bench.ts";
import { listenerContract } from "./listener-contract.ts";
import { fill } from "./messages-contract.ts";

const under: ListenerEngineUnderTest = {
  engine: "ws",
  open: listenWs,
  badTextCode: 1007,
  hugeMessageCode: 1009,
  canSharePort: nodeSharesPorts(process.versions.node),
};

listenerContract(under);

describe("listener on ws", () => {
  const openBench = benchOpener(under);

  it("EDGE-4: counts what a waiting frame costs beside its bytes", async () => {
    const bench = await openBench({ sendBufferBytesMax: 64 * 1024 });
    const client = await bench.client();
    const { socket } = await bench.peer();
    client.ws.pause();
    fill(await bench.peer());
    let empty = 0;
    while (socket.send(new Uint8Array(0), false) !== "dropped") {
      empty += 1;
      if (empty > 128) throw new Error("more frames wait than Node's own records of them would leave room for");
    }
    expect(socket.bufferedBytes).toBeGreaterThan(0);
  });
});
