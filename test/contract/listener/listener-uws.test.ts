import { listenUws } from "../../../gateway/edge/listener-uws.ts";
import { listenerContract } from "./listener-contract.ts";

listenerContract({
  engine: "uWebSockets.js",
  open: listenUws,
  badTextCode: 1006,
  hugeMessageCode: 1006,
  canSharePort: true,
});
