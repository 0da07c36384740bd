import { execFileSync } from "node:child_process";
import { mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../../gateway/store/open.ts";
import { RoomgateError } from "../../../gateway/wire/errors.ts";
import { headOf, journalOf, memberOf, noLimit, roomOf, take } from "../../contract/store/fixtures.ts";

const diskBytes = 8 * 1024 * 1024;

describe("STORE-9: a disk that is full", () => {
  let directory: string;
  let isMounted = false;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "roomgate-full-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${diskBytes}`, "tmpfs", directory], { stdio: "ignore" });
      isMounted = true;
    } catch {
      // Needs the right to mount; the tests say so.
    }
  });
  afterAll(async () => {
    if (isMounted) execFileSync("umount", [directory]);
    await rm(directory, { recursive: true });
  });

  test("stops the answers, changes nothing, and goes on when there is space again", async (context) => {
    if (!isMounted) return context.skip("no right to mount a small file system");
    const url = `lmdb:${join(directory, "store")}`;
    const room = roomOf("app/r");
    const store = await openStore(url);
    let { epoch, tail } = await take(store, "app/r");
    const kept: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const filler = join(directory, "filler");
      await writeFile(filler, Buffer.alloc(diskBytes / 4 - round * 400_000));
      let refusals = 0;
      for (let size = 200_000; refusals < 3; size += 1000) {
        const bytes = new Uint8Array(size).fill(size % 251);
        const [answer] = await store.append([{ room, expect: { epoch, tail }, records: [bytes] }]);
        if (answer?.kind === "appended") {
          expect(answer.tail).toBe(tail + 1);
          tail = answer.tail;
          kept[tail] = size;
        } else {
          expect(answer).toMatchObject({ kind: "unavailable", reason: expect.stringContaining("bytes are free") });
          expect(await headOf(store, "app/r")).toEqual({ epoch, tail, owner: "s1", mustRun: false });
          refusals += 1;
        }
      }
      const snapshot = { position: tail, version: "1", bytes: new Uint8Array(diskBytes) };
      expect((await store.saveSnapshot(room, epoch, snapshot)).kind).toBe("unavailable");
      expect((await store.loadSnapshot(room)).kind).toBe("none");
      await unlink(filler);
      const [after] = await store.append([{ room, expect: { epoch, tail }, records: [new Uint8Array(1)] }]);
      tail += 1;
      kept[tail] = 1;
      expect(after).toEqual({ kind: "appended", tail });
    }
    await store.close();
    const again = await openStore(url);
    const read = await again.readJournal(room, 1, noLimit);
    if (read.kind !== "records") throw new Error(read.kind);
    expect(read.records.map(({ position, bytes }) => [position, bytes.length])).toEqual(
      [...Object.entries(kept)].map(([p, s]) => [Number(p), s]),
    );
    for (const { bytes } of read.records) expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
    // Trimming makes room inside the file, without any on the disk.
    await writeFile(join(directory, "filler"), Buffer.alloc(diskBytes)).catch(() => undefined);
    await unlink(join(directory, "filler"));
    expect(await again.trimJournal(room, epoch, tail - 1)).toEqual({ kind: "trimmed" });
    expect(await journalOf(again, "app/r", tail - 1)).toHaveLength(1);
    await again.close();
  });

  test("a store cannot be made there, and says so instead of crashing", async (context) => {
    if (!isMounted) return context.skip("no right to mount a small file system");
    const filler = join(directory, "filler");
    await writeFile(filler, Buffer.alloc(diskBytes)).catch(() => undefined);
    const error = await openStore(`lmdb:${join(directory, "new")}`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RoomgateError);
    expect(error).toMatchObject({ code: "store-unavailable" });
    await unlink(filler);
    const store = await openStore(`lmdb:${join(directory, "new")}`);
    await take(store, "app/r");
    await writeFile(filler, Buffer.alloc(diskBytes)).catch(() => undefined);
    expect((await store.members.put(memberOf("s1", "i"))).kind).toBe("unavailable");
    await unlink(filler);
    expect(await store.members.put(memberOf("s1", "i"))).toEqual({ kind: "stored" });
    expect(await store.members.list()).toEqual({ kind: "members", members: [memberOf("s1", "i")] });
    await store.close();
  });
});
