import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { defaultTiming } from "../../../gateway/cluster/timing.ts";
import { listenerLimits } from "../../../gateway/edge/listener-limits.ts";
import { optionTable } from "../../../gateway/ops/option-table.ts";
import { appDefaults } from "../../../gateway/room/apps.ts";
import { attachmentBytesMax, attachmentsBytesMax } from "../../../gateway/room/attachment.ts";
import { chunkBytes } from "../../../gateway/room/body-transfer.ts";
import { windowBytes } from "../../../gateway/room/bound-message.ts";
import { pressureBytes } from "../../../gateway/room/gateway-channel.ts";
import { headLimits, sessionsMaxLimit } from "../../../gateway/room/room-bounds.ts";
import { batchBytesMax as tellBatchBytesMax, tellBytesMax } from "../../../gateway/room/room-tells.ts";
import { timersMax } from "../../../gateway/room/room-timers.ts";
import { worksMax } from "../../../gateway/room/room-work.ts";
import { tellLimits } from "../../../gateway/room/spoken-lines.ts";
import {
  batchBytesMax,
  chunkBytesMax,
  controlBytesMax,
  frameBytesMax,
  payloadBytesMax,
  reasonBytesMax,
} from "../../../gateway/wire/frame-layout.ts";
import { messageBytesMax as trunkMessageBytesMax } from "../../../gateway/wire/pipe.ts";
import { protocolLengthMax, targetLengthMax, tellItemsMax } from "../../../gateway/wire/text-limits.ts";
import { linkTimingDefault } from "../../../gateway/wire/trunk-link.ts";

/** Small things beside a payload: headers, keys, names. */
const besideMax = 1024;

describe("ROOM-42: bounds that are not one number, and hang together", () => {
  test.each([
    [
      "a payload with the names of all sessions fits into a frame",
      payloadBytesMax + 4 * sessionsMaxLimit + besideMax,
      frameBytesMax,
    ],
    [
      "a batch, which may be one frame, fits into a message of a trunk",
      Math.max(frameBytesMax, batchBytesMax),
      trunkMessageBytesMax,
    ],
    ["a client's message fits into a payload", optionTable.messageBytesMax.max, payloadBytesMax],
    [
      "all sessions of a gateway, those that leave too, fit into one bind",
      2 * 8 * optionTable.sessionsMax.max + besideMax,
      controlBytesMax,
    ],
    [
      "a thing that is told fits into a control message, behind others",
      tellBatchBytesMax + tellBytesMax + tellItemsMax * besideMax,
      controlBytesMax,
    ],
    ["a chunk of a state is one that may be sent", chunkBytes, chunkBytesMax],
    ["a default message fits into the hold", optionTable.messageBytesMax.default, defaultTiming.holdBytesMax],
    ["a default message fits into a room's window", optionTable.messageBytesMax.default, windowBytes],
    [
      "a room thins what it says before a trunk is given up",
      pressureBytes + frameBytesMax,
      linkTimingDefault.bufferedBytesMax,
    ],
    ["the sessions of a room are no more than may be", appDefaults.sessionsMax, sessionsMaxLimit],
    [
      "what a client asks with fits into its join",
      listenerLimits.targetBytesMax + listenerLimits.protocolBytesMax,
      targetLengthMax + protocolLengthMax,
    ],
    [
      "attachments, what was sent and what was told fit into what moves, with a quarter to spare for the rest",
      attachmentsBytesMax + payloadBytesMax + tellLimits.bytesMax,
      (headLimits.bytesMax / 4) * 3,
    ],
    ["an attachment fits among all", attachmentBytesMax, attachmentsBytesMax],
  ])("%s", (_what, less, more) => {
    expect(less).toBeLessThanOrEqual(more);
  });
});

describe("ROOM-42: what the SDK says of bounds and defaults is so", () => {
  const text = (file: string) =>
    readFileSync(fileURLToPath(new URL(`../../../${file}`, import.meta.url)), "utf8").replace(/\s+(\* )?/g, " ");
  const sdk = text("gateway/room/sdk.ts");
  const count = (number: number) => String(number).replace(/\B(?=(\d{3})+$)/g, " ");
  const size = (bytes: number) => (bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`);

  test.each([
    `At most ${count(timersMax)} a room`,
    `at most ${count(worksMax)} a room`,
    `At most ${size(tellBytesMax)} each`,
    `not heard yet: ${count(tellLimits.perRoomMax)} things for that room, ${size(tellLimits.bytesMax)} or ${count(tellLimits.roomsMax)} rooms in all`,
    `plain data, up to ${size(attachmentBytesMax)} in MessagePack, and ${size(attachmentsBytesMax)} for all sessions`,
    `which are copied. At most ${size(payloadBytesMax)}`,
    `To this client alone; at most ${size(payloadBytesMax)}`,
    `let go after this; default ${count(appDefaults.idleMs)}`,
    `snapshotted to the store; default ${count(appDefaults.snapshotEveryMs)}`,
    `Default and upper bound is the gateway's, ${count(optionTable.messagesPerSecondMax.default)}`,
    `Default ${count(appDefaults.sessionsMax)}, at most ${count(sessionsMaxLimit)}`,
    `may give; default ${size(appDefaults.stateBytesMax)}`,
    `Default \`"${appDefaults.version}"\``,
  ])("%s", (words) => {
    expect(sdk).toContain(words);
  });

  test.each([
    [
      "PROTOCOL.md",
      `at most ${size(batchBytesMax)} unless it holds one single frame; a frame is at most ${size(frameBytesMax)}`,
    ],
    ["PROTOCOL.md", `a MessagePack map, at most ${size(controlBytesMax)}`],
    ["PROTOCOL.md", `a piece of state, at most ${size(chunkBytesMax)}`],
    ["PROTOCOL.md", `UTF-8 reason, at most ${reasonBytesMax} bytes`],
    ["PROTOCOL.md", `at most ${size(trunkMessageBytesMax)}, travels in pieces`],
    ["gateway/edge/session.ts", `Default ${count(optionTable.messagesPerSecondMax.default)}`],
    ["gateway/edge/up-buffer.ts", `default ${count(defaultTiming.holdFramesMax)}`],
    ["gateway/edge/up-buffer.ts", `default ${size(defaultTiming.holdBytesMax)}`],
    ["gateway/edge/gateway.ts", `closed with 4503. Default ${count(defaultTiming.holdMs)}`],
    ["gateway/edge/gateway.ts", `taken for lost. Default ${count(defaultTiming.leaseMs)}`],
    ["gateway/edge/gateway.ts", `says that it lives. Default ${count(defaultTiming.heartbeatMs)}`],
  ])("%s: %s", (file, words) => {
    expect(text(file)).toContain(words);
  });
});
