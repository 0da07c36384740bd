import { BatchWriter } from "../../gateway/wire/batch-writer.ts";
import { type Frame, writeAnyFrame } from "./frames.ts";

/** The batches that the frames become when they are written in one turn. */
export function batchesOf(frames: readonly Frame[]): Uint8Array[] {
  const batches: Uint8Array[] = [];
  const writer = new BatchWriter(
    () => undefined,
    (batch) => batches.push(batch),
  );
  for (const frame of frames) writeAnyFrame(writer, frame);
  writer.flush();
  return batches;
}

/** The bytes of frames that fit into one batch. */
export function batchOf(...frames: readonly Frame[]): Uint8Array {
  const [batch, ...more] = batchesOf(frames);
  if (batch === undefined || more.length > 0) throw new Error("the frames do not make one batch");
  return batch;
}
