import type { TrunkDialer } from "./link.ts";
import type { DialPipe } from "./pipe.ts";
import { linkEndOf } from "./trunk-link.ts";
import { setUpTrunks, TrunkOpening, type TrunkOptions } from "./trunk-opening.ts";
import { createWsDialPipe } from "./ws-dial.ts";

export interface TrunkDialerOptions extends TrunkOptions {
  /** Default: WebSockets. */
  readonly dialPipe?: DialPipe;
}

/** Opens trunks to listeners. `silent` covers whatever does not come about in time. */
export function createTrunkDialer(options: TrunkDialerOptions): TrunkDialer {
  const setup = setUpTrunks(options);
  const dialPipe = options.dialPipe ?? createWsDialPipe();
  return {
    dial(address, attach, failed) {
      let opening: TrunkOpening | undefined;
      let isOver = false;
      const end = (): void => {
        isOver = true;
        connectTimer.cancel();
      };
      const connectTimer = setup.runtime.after(setup.openMsMax, () => {
        end();
        dialing.cancel();
        failed({ kind: "silent", detail: `no connection to ${address} within ${setup.openMsMax} ms` });
      });
      const dialing = dialPipe(
        address,
        (pipe) => {
          connectTimer.cancel();
          opening = new TrunkOpening("dialer", pipe, setup, {
            attach: (link) => {
              end();
              return attach(link);
            },
            failed: (reason) => {
              end();
              failed(reason);
            },
            gone: () => undefined,
          });
          return opening;
        },
        (reason) => {
          end();
          failed(linkEndOf(reason));
        },
      );
      return {
        cancel: () => {
          if (isOver) return;
          end();
          if (opening === undefined) dialing.cancel();
          else opening.abandon();
        },
      };
    },
  };
}
