import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";

const pageBytes = 4_096;
/** About what a commit of some ten rooms changes. */
const pagesPerFlush = 16;
const filePages = 4_096;

/**
 * What a disk takes for what LMDB asks of it with each commit, with nothing else in between: some pages here and there in a file that
 * exists, flushed, then a root page, written through. Milliseconds of each, for about `seconds`.
 *
 * An ack of a durable turn waits for one of these at least: beside it, a figure says how much of it is the disk's own.
 */
export async function measureBareFlushes(directory: string, seconds: number): Promise<readonly number[]> {
  const path = join(directory, "bare-flush.dat");
  const pages = await open(path, "w+");
  let root: FileHandle | undefined;
  try {
    await pages.write(Buffer.alloc(filePages * pageBytes, 1), 0, filePages * pageBytes, 0);
    await pages.sync();
    root = await open(path, constants.O_RDWR | constants.O_DSYNC);
    return await flushOften(pages, root, performance.now() + seconds * 1_000);
  } finally {
    await root?.close();
    await pages.close();
    await rm(path, { force: true });
  }
}

async function flushOften(pages: FileHandle, root: FileHandle, untilMs: number): Promise<number[]> {
  const latenciesMs: number[] = [];
  const page = Buffer.alloc(pageBytes);
  for (let round = 1; performance.now() < untilMs; round += 1) {
    page.writeUInt32BE(round);
    const beganMs = performance.now();
    // One page of each sixteenth of the file, so that no two lie together.
    const places = Array.from({ length: pagesPerFlush }, (_, index) => {
      const span = filePages / pagesPerFlush;
      return index * span + 1 + ((round * 7) % (span - 1));
    });
    await Promise.all(places.map((place) => pages.write(page, 0, pageBytes, place * pageBytes)));
    await pages.datasync();
    await root.write(page, 0, pageBytes, 0);
    latenciesMs.push(performance.now() - beganMs);
  }
  return latenciesMs;
}
