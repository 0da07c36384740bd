import { createWsListenPipe } from "../../../gateway/wire/ws-listen.ts";
import { openSocketWorld } from "../../support/link/link-world.ts";
import { testLinks } from "./link-suite.ts";
import { testSockets } from "./socket-suite.ts";

testLinks("links over WebSockets, taken in by ws", () => openSocketWorld(createWsListenPipe));
testSockets({ name: "ws takes trunks in", create: createWsListenPipe, saysWhatIsWrong: true, garbageStatus: 400 });
