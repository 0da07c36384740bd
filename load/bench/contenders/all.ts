import { bareUws, bareWs, wsProxy } from "./bare.ts";
import type { Contender } from "./contender.ts";
import { colyseus, hocuspocus, socketIo, socketIoCluster } from "./peers.ts";
import { haproxy, nginx } from "./proxies.ts";
import { roomgate } from "./roomgate.ts";

/** In the order in which they take turns. */
export const contenders: readonly Contender[] = [
  roomgate,
  haproxy,
  nginx,
  wsProxy,
  bareUws,
  bareWs,
  socketIo,
  socketIoCluster,
  colyseus,
  hocuspocus,
];
