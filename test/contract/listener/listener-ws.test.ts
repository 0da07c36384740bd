import { listenWs } from "../../../gateway/edge/listener-ws.ts";
import { listenerContract } from "./listener-contract.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

listenerContract({
  engine: "ws",
  open: listenWs,
  badTextCode: 1007,
  hugeMessageCode: 1009,
  canSharePort: major > 22 || (major === 22 && minor >= 12),
});
