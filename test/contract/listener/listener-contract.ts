import { describe } from "vitest";
import { closingContract } from "./closing-contract.ts";
import type { ListenerEngineUnderTest } from "./listener-bench.ts";
import { listeningContract } from "./listening-contract.ts";
import { messagesContract } from "./messages-contract.ts";
import { plainContract } from "./plain-contract.ts";
import { upgradeContract } from "./upgrade-contract.ts";

/** What every listener does alike, on real sockets. */
export function listenerContract(under: ListenerEngineUnderTest): void {
  describe(`listener on ${under.engine}`, () => {
    messagesContract(under);
    upgradeContract(under);
    closingContract(under);
    plainContract(under);
    listeningContract(under);
  });
}
