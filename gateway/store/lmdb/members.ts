import { randomBytes } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { crc32 } from "node:zlib";
import type { GatewayId, ServerId } from "../../wire/ids.ts";
import type { MemberRecord, MemberStore, Unavailable } from "../port.ts";
import { fileMode } from "./environment.ts";

/** Leftovers of writes that never finished. */
const unfinishedMs = 60_000;
/** Heartbeats that may wait for the disk; above it they are `unavailable`. */
const waitingMax = 64;

/** Where the members of the store in `path` are. */
export function membersDirectory(path: string): string {
  return join(resolve(path), "members");
}

/** Of a store that somebody else has opened: nothing is made, and nothing of LMDB is touched. */
export function openLmdbMembers(path: string): MemberStore {
  return new FileMembers(membersDirectory(path));
}

/**
 * Rows of members are small files beside the environment, one for each member, replaced by renaming. Nothing syncs them, and
 * they wait for no lock: a disk that is slow to sync stops commits, and must not make everybody look dead at the same time.
 */
export class FileMembers implements MemberStore {
  readonly #directory: string;
  /** Several of these may write in one process. */
  readonly #mark = randomBytes(4).toString("hex");
  #written = 0;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Creates the directory, and drops writes that processes left behind. Rejects where it cannot be used.
   *
   * LIVE-15: not rows, however old they look. The time of a file is that of a clock that is set: one that was set forward by an hour makes
   * rows of all that live look forgotten. Members drop a row that they have seen stand still for long enough.
   */
  async prepare(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const nowMs = Date.now();
    for (const name of await readdir(this.#directory)) {
      if (!name.startsWith(".")) continue;
      const path = join(this.#directory, name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && nowMs - found.mtimeMs > unfinishedMs) await unlink(path).catch(() => undefined);
    }
  }

  put(member: MemberRecord): Promise<{ kind: "stored" } | Unavailable> {
    return this.#inOrder(async () => {
      const temporary = this.#temporary();
      try {
        await writeFile(temporary, encodeMember(member), { mode: fileMode });
        await rename(temporary, join(this.#directory, member.id));
      } catch (error) {
        await unlink(temporary).catch(() => undefined);
        throw error;
      }
      return { kind: "stored" };
    });
  }

  async list(): Promise<{ kind: "members"; members: readonly MemberRecord[] } | Unavailable> {
    try {
      const names = (await readdir(this.#directory)).filter((name) => !name.startsWith("."));
      const members = await Promise.all(names.map((name) => this.#read(name)));
      return { kind: "members", members: members.filter((member) => member !== undefined) };
    } catch (error) {
      return unavailable(error);
    }
  }

  remove(id: ServerId | GatewayId, instance: string): Promise<{ kind: "removed" } | Unavailable> {
    return this.#inOrder(async () => {
      const path = join(this.#directory, id);
      if ((await this.#read(id))?.instance !== instance) return { kind: "removed" };
      // Taken aside first: what another instance has put meanwhile must not go.
      const aside = this.#temporary();
      try {
        await rename(path, aside);
        if (decodeMember(await readFile(aside, "utf8"))?.instance !== instance) await link(aside, path);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "ENOENT" && code !== "EEXIST") throw error;
      } finally {
        await unlink(aside).catch(() => undefined);
      }
      return { kind: "removed" };
    });
  }

  /** When nothing is being written any more. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** `undefined` if there is none, or it cannot be read after a loss of power: the member writes it anew soon. */
  async #read(name: string): Promise<MemberRecord | undefined> {
    const text = await readFile(join(this.#directory, name), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    return decodeMember(text);
  }

  #temporary(): string {
    this.#written += 1;
    return join(this.#directory, `.${process.pid}.${this.#mark}.${this.#written}`);
  }

  /** One after the other, so that a later row is never replaced by an earlier one. */
  #inOrder<Answer>(work: () => Promise<Answer>): Promise<Answer | Unavailable> {
    if (this.#waiting >= waitingMax) return Promise.resolve(unavailable("too many rows wait for the disk"));
    this.#waiting += 1;
    const answer = this.#last
      .then(work)
      .catch(unavailable)
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#last = answer;
    return answer;
  }
}

function encodeMember(member: MemberRecord): string {
  const json = JSON.stringify(member);
  return `${crc32(json)} ${json}`;
}

function decodeMember(text: string): MemberRecord | undefined {
  const space = text.indexOf(" ");
  const json = text.slice(space + 1);
  // The checksum vouches for the shape: only this class writes these files.
  return space > 0 && text.slice(0, space) === String(crc32(json)) ? (JSON.parse(json) as MemberRecord) : undefined;
}

function unavailable(error: unknown): Unavailable {
  return { kind: "unavailable", reason: error instanceof Error ? error.message : String(error) };
}
