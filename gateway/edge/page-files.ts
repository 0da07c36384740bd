import { opendir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoomgateError } from "../wire/errors.ts";

export interface PageFilesMax {
  /** All files together. */
  readonly bytesMax: number;
  readonly filesMax: number;
}

/**
 * All files below `directory` by their path from there, with `/`. Links are not followed. Rejects with a `RoomgateError`:
 * `pages-missing`, `pages-too-big`.
 */
export async function readPageFiles(directory: string, max: PageFilesMax): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let bytesTotal = 0;
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of await openFolder(join(directory, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      if (!entry.isFile()) continue;
      bytesTotal += (await stat(join(directory, path))).size;
      if (bytesTotal > max.bytesMax || files.size >= max.filesMax) throw tooBig(directory, max);
      files.set(path, await readFile(join(directory, path)));
    }
  }
  return files;
}

async function openFolder(path: string) {
  try {
    return await opendir(path);
  } catch (cause) {
    throw new RoomgateError("pages-missing", `no pages in ${path}: build them first`, { cause });
  }
}

function tooBig(directory: string, { bytesMax, filesMax }: PageFilesMax): RoomgateError {
  const message = `${directory} has more than ${filesMax} files or ${bytesMax} bytes: pages are kept in memory`;
  return new RoomgateError("pages-too-big", message);
}
