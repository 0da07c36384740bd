import type { Socket } from "node:net";
import WebSocket from "ws";
import type { DialPipe, PipeEnd } from "./pipe.ts";
import { trunkPath, trunkSubprotocol } from "./trunk-upgrade.ts";
import { WsPipe, wsLimits } from "./ws-pipe.ts";

/** Of name, IPv4 or bracketed IPv6, and port: nothing that could lead to another path or host. */
const addressPattern = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}$/;

/** Dials WebSockets. `upgradeMsMax` bounds connecting and the upgrade; default 3 000. */
export function createWsDialPipe(options: { readonly upgradeMsMax?: number } = {}): DialPipe {
  const upgradeMsMax = options.upgradeMsMax ?? 3_000;
  return (address, attach, failed) => {
    let isSettled = false;
    const fail = (end: PipeEnd): void => {
      if (isSettled) return;
      isSettled = true;
      failed(end);
    };
    if (!addressPattern.test(address)) {
      const failing = setImmediate(() => fail({ kind: "silent", code: 0, detail: "not an address" }));
      return { cancel: () => clearImmediate(failing) };
    }
    const socket = new WebSocket(`ws://${address}${trunkPath}`, trunkSubprotocol, {
      ...wsLimits,
      handshakeTimeout: upgradeMsMax,
      // The zero key: nothing is left to mask.
      generateMask: (mask) => mask.fill(0),
    });
    let tcp: Socket | undefined;
    socket.on("upgrade", (response) => {
      tcp = response.socket;
    });
    socket.on("open", () => {
      if (isSettled || tcp === undefined) return;
      isSettled = true;
      new WsPipe(socket, tcp, attach, () => undefined);
    });
    socket.on("unexpected-response", (request, response) => {
      request.destroy();
      fail({ kind: "closed", code: 0, detail: `answered ${response.statusCode ?? 0}` });
    });
    socket.on("error", (error) => fail(dialEnd(error)));
    return {
      cancel: () => {
        if (isSettled) return;
        isSettled = true;
        socket.terminate();
      },
    };
  };
}

/** WIRE-7: what a connection that never came to be says about the peer. Only an answer of its operating system is evidence. */
function dialEnd(error: NodeJS.ErrnoException): PipeEnd {
  // A name with several addresses fails with the errors of all.
  const errors: readonly NodeJS.ErrnoException[] = error instanceof AggregateError ? error.errors : [error];
  const codes = errors.map((each) => each.code ?? "");
  const detail = codes.find((code) => code !== "") ?? error.message;
  if (codes.every((code) => code === "ECONNREFUSED")) return { kind: "refused", code: 0, detail };
  if (codes.every((code) => code === "ECONNRESET" || code === "EPIPE")) return { kind: "reset", code: 0, detail };
  const isFault = codes.some((code) => code.startsWith("HPE_")) || /^(Invalid|Server sent)/.test(error.message);
  return { kind: isFault ? "protocol" : "silent", code: 0, detail };
}
