import { readVarUint } from "lib0/decoding";
import { createEncoder, toUint8Array, writeVarUint } from "lib0/encoding";
import { WebsocketProvider } from "y-websocket";
import type { Doc } from "yjs";
import { messageTypes } from "../server/rules/messages.ts";
import type { DocumentAddress } from "./document-address.ts";
import { EchoWatch } from "./echo-watch.ts";
import { isFinal, type Standing, standingOf } from "./standing.ts";

export interface Connection {
  readonly provider: WebsocketProvider;
  /** Closes so far that this side did not ask for. */
  readonly closes: number;
  standing(): Standing;
  /** Begins to connect, or tries again after an end. */
  connect(): void;
}

/** The provider as it comes, with echoes beside it. Does not connect by itself. */
export function openConnection(address: DocumentAddress, doc: Doc): Connection {
  const { protocol, host } = window.location;
  const params: Record<string, string> = {};
  if (address.key !== undefined) params["key"] = address.key;
  if (address.readsOnly) params["mode"] = "read";
  const provider = new WebsocketProvider(
    `${protocol === "https:" ? "wss:" : "ws:"}//${host}/rooms/editor`,
    encodeURIComponent(address.name),
    doc,
    { connect: false, params, shouldReconnect: ({ code }) => !isFinal(code) },
  );
  const watch = new EchoWatch((nonce) => {
    const encoder = createEncoder();
    writeVarUint(encoder, messageTypes.echo);
    writeVarUint(encoder, nonce);
    if (provider.ws?.readyState === WebSocket.OPEN) provider.ws.send(toUint8Array(encoder));
  });
  let closes = 0;
  let endedBy: number | undefined;
  let closedAtMs = performance.now();

  provider.messageHandlers[messageTypes.echo] = (_encoder, decoder) => {
    watch.answered(readVarUint(decoder), performance.now());
  };
  provider.on("status", ({ status }) => {
    if (status === "connected") endedBy = undefined;
    if (status !== "disconnected") return;
    closedAtMs = performance.now();
    watch.closed();
  });
  provider.on("connection-close", (event) => {
    if (event !== null) closes += 1;
  });
  provider.on("closed", ({ code }) => {
    endedBy = code;
  });
  // What was written without a connection goes out behind the server's question, and so does this echo.
  provider.on("sync", (isSynced) => {
    if (isSynced) watch.opened(performance.now());
  });
  doc.on("update", (_update: Uint8Array, _origin: unknown, _doc: Doc, transaction: { readonly local: boolean }) => {
    if (transaction.local) watch.changed(performance.now(), provider.synced);
  });
  window.setInterval(() => {
    if (provider.synced) watch.elapsed(performance.now());
  }, 100);

  return {
    provider,
    get closes() {
      return closes;
    },
    standing: () =>
      standingOf({
        isOpen: provider.wsconnected,
        isSynced: provider.synced,
        isMoving: watch.isMoving(performance.now()),
        isDirty: watch.isDirty,
        endedBy,
        closedForMs: performance.now() - closedAtMs,
      }),
    connect() {
      endedBy = undefined;
      closedAtMs = performance.now();
      provider.connect();
    },
  };
}
