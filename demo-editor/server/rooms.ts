import { performance } from "node:perf_hooks";
import type { Apps } from "roomgate/room";
import { compactInThreads } from "./compaction-threads.ts";
import { DocumentRoom, type DocumentSetting } from "./document-room.ts";
import { savedDocumentVersion } from "./saved-document.ts";

const mebibyte = 1024 * 1024;

/** Largest document; `EDITOR_DOCUMENT_BYTES_MAX` in bytes. Default 16 MiB; an answer with all of it has to fit into one message. */
function documentBytesMax(): number {
  const given = Number(process.env["EDITOR_DOCUMENT_BYTES_MAX"] ?? 16 * mebibyte);
  if (Number.isSafeInteger(given) && given > 0 && given <= 16 * mebibyte) return given;
  throw new RangeError(`EDITOR_DOCUMENT_BYTES_MAX is a number of bytes, from 1 to ${16 * mebibyte}`);
}

/** The app `editor`: y-websocket's protocol, one document a room. */
export function editorApps(setting: DocumentSetting): Apps {
  return {
    editor: {
      durability: "commit",
      version: savedDocumentVersion,
      create: (room) => new DocumentRoom(room, setting),
      // A client repeats what it hears of each of the others: with a hundred of them that move their cursors it is a thousand a second.
      messagesPerSecondMax: 5_000,
      sessionsMax: 1_000,
      stateBytesMax: 64 * mebibyte,
    },
  };
}

export const apps: Apps = editorApps({
  documentBytesMax: documentBytesMax(),
  presencesPerSecondMax: 250,
  compactBeside: compactInThreads(new URL("./compaction-thread.js", import.meta.url)),
  nowMs: () => performance.now(),
});
