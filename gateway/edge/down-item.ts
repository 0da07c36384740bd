import type { DeliveryClass } from "../wire/frames.ts";

/** One message down, shared by all the sessions it goes to. `payload` is a view into the batch it came with: valid until the batch ends. */
export interface DownItem {
  readonly delivery: DeliveryClass;
  /** 0 unless `delivery` is latest. */
  readonly latestKey: number;
  readonly isText: boolean;
  readonly payload: Uint8Array;
}
