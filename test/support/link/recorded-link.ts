import type { LinkEnd, LinkHandler, TrunkLink } from "../../../gateway/wire/link.ts";
import { type Frame, recordFrames } from "../frames.ts";

/** One end of a trunk, and everything that its handler was told. */
export interface RecordedLink {
  readonly link: TrunkLink;
  readonly frames: Frame[];
  /** How many frames there were at the end of each batch. */
  readonly batchEnds: number[];
  readonly ends: LinkEnd[];
  drainedCount: number;
}

/** An `attach` that records into `links`. */
export function recordLinks(links: RecordedLink[]): (link: TrunkLink) => LinkHandler {
  return (link) => {
    const recorded: RecordedLink = { link, frames: [], batchEnds: [], ends: [], drainedCount: 0 };
    links.push(recorded);
    return {
      ...recordFrames(recorded.frames),
      onBatchEnd: () => recorded.batchEnds.push(recorded.frames.length),
      onDrained: () => {
        recorded.drainedCount += 1;
      },
      onEnd: (end) => recorded.ends.push(end),
    };
  };
}
