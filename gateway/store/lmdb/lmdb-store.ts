import { RoomgateError } from "../../wire/errors.ts";
import type { MemberStore, Store, Unavailable } from "../port.ts";
import { readHeadRow } from "./change.ts";
import { openEnvironment } from "./environment.ts";
import { GenerationCollector } from "./generation-collector.ts";
import { GroupCommit } from "./group-commit.ts";
import { listHeads } from "./heads.ts";
import { readJournal, trimJournal } from "./journal.ts";
import { FileMembers, membersDirectory } from "./members.ts";
import { completeSettings, type LmdbStoreOptions } from "./options.ts";
import { appendChange, releaseChange, takeoverChange } from "./ownership.ts";
import { headOf } from "./rows.ts";
import { Snapshots } from "./snapshots.ts";
import { stopAgainWhenWoken } from "./stop-again.ts";

/**
 * A store in one directory of this machine, shared by any number of processes: an LMDB environment for heads, journals and
 * snapshots, and `members/` beside it. The directory must be on a local disk.
 *
 * Rejects with `store-unavailable` and one line that says why.
 */
export async function openLmdbStore(path: string, options?: LmdbStoreOptions): Promise<Store> {
  const settings = completeSettings(options);
  const environment = await openEnvironment(path, settings);
  const { root } = environment;
  const memberFiles = new FileMembers(membersDirectory(environment.directory));
  try {
    await memberFiles.prepare();
  } catch (cause) {
    await root.close();
    const reason = (cause as Error).message;
    throw new RoomgateError("store-unavailable", `The store's members cannot be kept: ${reason}`, {
      retryable: true,
      cause,
    });
  }
  const commit = new GroupCommit(environment, settings);
  const collector = new GenerationCollector(environment, commit);
  const snapshots = new Snapshots(environment, commit, collector);

  const stopListening = stopAgainWhenWoken(environment.directory, settings.log);
  let isClosed = false;
  let closing: Promise<void> | undefined;
  const underWay = new Set<Promise<unknown>>();

  /** Every call goes through here: none rejects, and `close` knows what it must wait for. */
  async function answer<Answer>(work: () => Promise<Answer>): Promise<Answer | Unavailable> {
    if (isClosed) return unavailable("the store is closed");
    const running = work();
    underWay.add(running);
    try {
      return await running;
    } catch (error) {
      return unavailable(error instanceof Error ? error.message : String(error));
    } finally {
      underWay.delete(running);
    }
  }

  /** One answer for each request, each on its own. */
  async function answerEach<Request, Answer>(
    requests: readonly Request[],
    work: (request: Request) => Promise<Answer>,
  ): Promise<readonly (Answer | Unavailable)[]> {
    return Promise.all(requests.map((request) => answer(() => work(request))));
  }

  async function close(): Promise<void> {
    isClosed = true;
    try {
      await Promise.allSettled([...underWay, memberFiles.idle()]);
      await collector.close();
      // A commit that hangs must not hang whoever closes: the process is about to end, and its hold on the file with it.
      if (await commit.idle()) await root.close();
    } finally {
      stopListening();
    }
  }

  const members: MemberStore = {
    put: (member) => answer(() => memberFiles.put(member)),
    list: () => answer(() => memberFiles.list()),
    remove: (id, instance) => answer(() => memberFiles.remove(id, instance)),
  };

  void answer(() => collector.adoptOrphans());

  return {
    durability: "disk",
    members,
    readHead: (room) =>
      answer(async () => {
        root.resetReadTxn();
        return { kind: "head", head: headOf(readHeadRow(environment, room)) };
      }),
    listHeads: (filter) => answer(() => listHeads(environment, filter)),
    takeover: (requests) => answerEach(requests, (request) => commit.submit(takeoverChange(request))),
    release: (room, expect, owner) => answer(() => commit.submit(releaseChange(room, expect, owner))),
    saveSnapshot: (room, epoch, snapshot) => answer(() => snapshots.save(room, epoch, snapshot)),
    loadSnapshot: (room) => answer(() => snapshots.load(room)),
    append: (requests) => answerEach(requests, (request) => commit.submit(appendChange(request))),
    readJournal: (room, after, limit) => answer(() => readJournal(environment, room, after, limit)),
    trimJournal: (room, epoch, upTo) => answer(() => trimJournal(environment, commit, room, epoch, upTo)),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function unavailable(reason: string): Unavailable {
  return { kind: "unavailable", reason };
}
