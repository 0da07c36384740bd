import type { ListenTrunk, TrunkListener } from "./link.ts";
import type { ListenPipe } from "./pipe.ts";
import { setUpTrunks, TrunkOpening, type TrunkOptions } from "./trunk-opening.ts";

export interface TrunkListenOptions extends TrunkOptions {
  readonly listenPipe: ListenPipe;
}

/** Takes trunks in. A peer that fails the handshake costs a log line; whoever is attached to has proved itself. */
export function createTrunkListen(options: TrunkListenOptions): ListenTrunk {
  const setup = setUpTrunks(options);
  return async (where, attach): Promise<TrunkListener> => {
    const openings = new Set<TrunkOpening>();
    let onNoneLeft = (): void => undefined;
    const pipes = await options.listenPipe(where, (pipe) => {
      const opening: TrunkOpening = new TrunkOpening("listener", pipe, setup, {
        attach,
        failed: () => undefined,
        gone: () => {
          openings.delete(opening);
          if (openings.size === 0) onNoneLeft();
        },
      });
      openings.add(opening);
      return opening;
    });
    return {
      address: pipes.address,
      close: async () => {
        pipes.stopListening();
        for (const opening of openings) opening.abandon();
        // Pipes end in bounded time, whatever their peers do.
        if (openings.size > 0) {
          await new Promise<void>((resolve) => {
            onNoneLeft = resolve;
          });
        }
        await pipes.close();
      },
    };
  };
}
