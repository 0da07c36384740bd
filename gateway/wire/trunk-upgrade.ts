import { STATUS_CODES } from "node:http";

export const trunkPath = "/trunk";
export const trunkSubprotocol = "roomgate-trunk";

export interface TrunkListenLimits {
  /** Peers that have not proved themselves yet; above it an upgrade is answered 503. Default 64. */
  readonly untrustedMax?: number;
  /** Sockets in all; above it they are dropped as they come. Default 4 096. */
  readonly socketsMax?: number;
}

export const untrustedMaxDefault = 64;
export const socketsMaxDefault = 4_096;

/** What decides about an upgrade. Headers are empty where there are none. */
export interface UpgradeFacts {
  readonly path: string;
  readonly upgrade: string;
  readonly version: string;
  /** Comma-separated. */
  readonly protocols: string;
}

/** The status to refuse with; `undefined` for a trunk, if there `isRoom` for one more. */
export function upgradeRefusal(facts: UpgradeFacts, isRoom: boolean): number | undefined {
  if (facts.path !== trunkPath) return 404;
  if (facts.upgrade.toLowerCase() !== "websocket" || facts.version !== "13") return 426;
  const offered = facts.protocols.split(",").map((name) => name.trim());
  if (!offered.includes(trunkSubprotocol)) return 400;
  return isRoom ? undefined : 503;
}

/** For a request that is no upgrade. */
export function plainRefusal(path: string): number {
  return path === trunkPath ? 426 : 404;
}

/** `400 Bad Request`, and the like. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ""}`;
}

/** Without `Content-Length` and `Connection`, which some listeners write by themselves. */
export function refusalHeaders(status: number): readonly (readonly [name: string, value: string])[] {
  if (status === 426) {
    return [
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", "13"],
    ];
  }
  return status === 503 ? [["Retry-After", "1"]] : [];
}
