/** Gives the event loop back between slices of long reads, after this long. */
const sliceMsMax = 4;

export interface Slices {
  /** Resolves at once while the slice lasts, and in a later round of the event loop when it is over. `true` if it was over. */
  pause(): Promise<boolean> | false;
}

export function createSlices(): Slices {
  let startedMs = performance.now();
  return {
    pause() {
      if (performance.now() - startedMs < sliceMsMax) return false;
      return new Promise((resolve) => {
        setImmediate(() => {
          startedMs = performance.now();
          resolve(true);
        });
      });
    },
  };
}
