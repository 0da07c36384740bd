import { describe, expect, test } from "vitest";
import { createServerRequests } from "../../../gateway/ops/server-requests.ts";
import type { Control, ControlMessage } from "../../../gateway/wire/control.ts";
import { encodeControl } from "../../../gateway/wire/control-codec.ts";
import type { LinkEnd, LinkHandler, TrunkDialer, TrunkLink } from "../../../gateway/wire/link.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

interface Dialed {
  readonly address: string;
  readonly sent: Control<"request">[];
  isClosed: boolean;
  isCancelled: boolean;
  open(): void;
  answer(message: ControlMessage): void;
  end(end: LinkEnd): void;
}

function setUp() {
  const runtime = createVirtualRuntime();
  const dialed: Dialed[] = [];
  const dialer: TrunkDialer = {
    dial(address, attach, failed) {
      let handler: LinkHandler | undefined;
      const one: Dialed = {
        address,
        sent: [],
        isClosed: false,
        isCancelled: false,
        open: () => {
          const link = {
            control: (message: ControlMessage) => one.sent.push(message as Control<"request">),
            close: () => {
              one.isClosed = true;
            },
          };
          handler = attach(link as unknown as TrunkLink);
        },
        answer: (message) => handler?.onControl(encodeControl(message)),
        end: (end) => (handler === undefined ? failed(end) : handler.onEnd(end)),
      };
      dialed.push(one);
      return {
        cancel: () => {
          one.isCancelled = true;
        },
      };
    },
  };
  return { runtime, dialed, requests: createServerRequests(runtime, dialer) };
}

const rooms = { op: "rooms", limit: 5 } as const;

describe("requests to servers", () => {
  test("wait for the link, share it, and get the answers that are theirs", async () => {
    const { dialed, requests } = setUp();
    const first = requests.ask("a:1", rooms, 1000);
    const second = requests.ask("a:1", { op: "drain" }, 1000);
    expect(dialed).toHaveLength(1);
    dialed[0]?.open();
    expect(dialed[0]?.sent).toEqual([
      { t: "request", id: 1, op: "rooms", limit: 5 },
      { t: "request", id: 2, op: "drain" },
    ]);
    dialed[0]?.answer({ t: "answer", id: 2, status: "conflict", detail: "no" });
    dialed[0]?.answer({ t: "answer", id: 7, status: "ok" });
    dialed[0]?.answer({ t: "answer", id: 1, status: "ok", value: [] });
    expect(await first).toMatchObject({ status: "ok", value: [] });
    expect(await second).toMatchObject({ status: "conflict", detail: "no" });
  });

  test("are answered in time, also where nobody answers", async () => {
    const { dialed, requests, runtime } = setUp();
    const early = requests.ask("a:1", rooms, 1000);
    await runtime.advanceAsync(1000);
    expect(await early).toEqual({ status: "unreachable", detail: "no answer within 1000 ms" });
    dialed[0]?.open();
    expect(dialed[0]?.sent).toEqual([]);
    const late = requests.ask("a:1", rooms, 1000);
    await runtime.advanceAsync(1000);
    expect((await late).status).toBe("unreachable");
    expect(runtime.timerCount).toBe(0);
  });

  test.each(["before", "after"])(
    "are unreachable at once where the link ends %s it was open; the next one dials anew",
    async (when) => {
      const { dialed, requests } = setUp();
      const answer = requests.ask("a:1", rooms, 1000);
      if (when === "after") dialed[0]?.open();
      dialed[0]?.end({ kind: "refused", detail: "connection refused" });
      expect(await answer).toEqual({ status: "unreachable", detail: "refused: connection refused" });
      void requests.ask("a:1", rooms, 1000);
      expect(dialed).toHaveLength(2);
    },
  );

  test("are turned down where too many wait", async () => {
    const { requests } = setUp();
    for (let count = 0; count < 256; count += 1) void requests.ask("a:1", rooms, 1000);
    expect((await requests.ask("a:1", rooms, 1000)).status).toBe("unreachable");
  });

  test("end with their links", async () => {
    const { dialed, requests } = setUp();
    const opened = requests.ask("b:1", rooms, 1000);
    const dialing = requests.ask("c:1", rooms, 1000);
    dialed[0]?.open();
    requests.close();
    expect(await opened).toMatchObject({ status: "unreachable" });
    expect(await dialing).toMatchObject({ status: "unreachable" });
    expect(dialed.map(({ isClosed, isCancelled }) => [isClosed, isCancelled])).toEqual([
      [true, false],
      [false, true],
    ]);
  });
});
