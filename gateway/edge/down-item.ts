import type { DeliveryClass } from "../wire/frames.ts";

/** One message down, shared by all the sessions it goes to. */
export interface DownItem {
  readonly delivery: DeliveryClass;
  /** 0 unless `delivery` is latest. */
  readonly latestKey: number;
  readonly isText: boolean;
  /** A view into the batch that it came with, and a copy from then on where it waits beyond that batch. */
  payload: Uint8Array;
}
