/** What a gateway takes of its clients where nobody says otherwise: as options show it, and as it is when it is started without them. */
export const defaultClientLimits = Object.freeze({
  /** Clients of one gateway: a process may have 20 000 files open in most places. */
  sessionsMax: 19_000,
  connectionsPerSecondMax: 5_000,
  /** Of one client. Apps may allow less. */
  messagesPerSecondMax: 20_000,
  /** What may wait for one client that reads slowly. */
  slowClientBytesMax: 4 * 1024 * 1024,
});
