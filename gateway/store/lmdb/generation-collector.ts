import type { RoomKey } from "../../wire/ids.ts";
import type { RowWrite } from "./change.ts";
import type { Environment } from "./environment.ts";
import type { GroupCommit } from "./group-commit.ts";
import { splitKey } from "./keys.ts";
import { isRunning } from "./process-start.ts";
import { decodeGeneration, generationNote } from "./snapshot-rows.ts";

/** Rows that one commit removes, so that it stays short. */
const rowsMax = 512;

/**
 * Removes snapshots that were replaced or never finished. All of them are noted in the table `generations`: one pass over it
 * finds the work, whoever left it there, and passes follow until there is none.
 */
export class GenerationCollector {
  readonly #environment: Environment;
  readonly #commit: GroupCommit;
  #running: Promise<void> | undefined;
  #isPoked = false;
  #isClosed = false;

  constructor(environment: Environment, commit: GroupCommit) {
    this.#environment = environment;
    this.#commit = commit;
  }

  /** There may be something to remove. */
  poke(): void {
    if (this.#isClosed) return;
    this.#isPoked = true;
    this.#running ??= this.#run();
  }

  /** What is left over will be found after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // The one who poked has answers to give first.
    await new Promise(setImmediate);
    while (this.#isPoked && !this.#isClosed) {
      this.#isPoked = false;
      try {
        const rows = this.#removals();
        if (rows.length === 0) break;
        // Disk full: the notes stay, and the next poke tries again.
        if ((await this.#commit.write(rows)).kind !== "stored") break;
      } catch {
        // The environment cannot be read any more: whoever asks it something is told.
        break;
      }
      this.#isPoked = true;
    }
    this.#running = undefined;
  }

  #removals(): RowWrite[] {
    const { root, tables } = this.#environment;
    const rows: RowWrite[] = [];
    root.resetReadTxn();
    for (const { key, value } of tables.generations.getRange({ start: Buffer.of(0) })) {
      const note = Buffer.from(key);
      if (decodeGeneration(note, Buffer.from(value))?.state !== "dead") continue;
      const end = Buffer.concat([note, Buffer.alloc(4, 255), Buffer.of(255)]);
      for (const chunk of tables.chunks.getKeys({ start: note, end, limit: rowsMax - rows.length })) {
        rows.push({ table: "chunks", key: Buffer.from(chunk) });
      }
      if (rows.length >= rowsMax) break;
      rows.push({ table: "snapshots", key: note }, { table: "generations", key: note });
      if (rows.length >= rowsMax) break;
    }
    return rows;
  }

  /**
   * Declares dead what a process was writing that is gone. The room's head is written anew with it, so that a writer that is
   * alive after all (its pid is not visible from here) finds its chunks disowned before it can name them.
   */
  async adoptOrphans(): Promise<void> {
    const { root, tables, process } = this.#environment;
    root.resetReadTxn();
    const orphans: { readonly room: RoomKey; readonly note: Buffer }[] = [];
    for (const { key, value } of tables.generations.getRange({ start: Buffer.of(0) })) {
      const note = Buffer.from(key);
      const row = decodeGeneration(note, Buffer.from(value));
      // STORE-18: a process may have several stores open, as a server and its watchdog do.
      if (row?.state === "writing" && !isRunning(row.by)) {
        orphans.push({ room: splitKey(note).before as RoomKey, note });
      }
    }
    for (const { room, note } of orphans) {
      await this.#commit.submit<"left" | "dead">({
        room,
        bytes: 256,
        decide(head) {
          if (head === undefined || !tables.generations.doesExist(note)) return { kind: "answer", answer: "left" };
          return { kind: "write", head, rows: [generationNote(process, note, "dead")], answer: "dead" };
        },
      });
    }
    this.poke();
  }
}
