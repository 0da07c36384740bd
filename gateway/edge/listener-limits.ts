import { protocolLengthMax, targetLengthMax } from "../wire/text-limits.ts";
import { uwsHeaderBytesMax } from "../wire/uws-binary.ts";

/** Limits that both listeners share; those that an operator sets are in `ListenerOptions`. */
export const listenerLimits = {
  /** All headers of a request. A large cookie alone can be 8 KB. */
  headerBytesMax: uwsHeaderBytesMax,
  /** Path and query of a request: 414 above. A session's query travels in its join, which holds no more. */
  targetBytesMax: targetLengthMax,
  /** Subprotocols that one request may offer, and the length of each: 400 above. */
  protocolsOfferedMax: 32,
  protocolBytesMax: protocolLengthMax,
  /** Upgrades that wait for the site's decision: 503 above. */
  upgradesPendingMax: 1_024,
  /** EDGE-7. A request must be complete this long after its connection opened or the one before it was answered. */
  requestMsMax: 10_000,
  /** EDGE-6. A client that has not finished the close handshake by then is cut off. */
  closeMsMax: 3_000,
} as const;
