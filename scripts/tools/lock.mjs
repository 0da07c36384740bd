import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const waitMsMax = 300_000;
const pollMs = 100;

/** Runs `work` while no other process of this machine does. A lock whose process is gone is taken over. */
export async function withLock(path, work) {
  const deadlineMs = performance.now() + waitMsMax;
  while (!tryLock(path)) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${waitMsMax / 1000} s for another process: ${path}`);
    await sleep(pollMs);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** The lock is a folder that holds its owner's pid; it appears whole, since it is renamed into place. */
function tryLock(path) {
  const mine = `${path}-${process.pid}`;
  rmSync(mine, { recursive: true, force: true });
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, "pid"), String(process.pid));
  try {
    renameSync(mine, path);
    return true;
  } catch (error) {
    rmSync(mine, { recursive: true, force: true });
    if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes(error.code)) throw error;
  }
  const owner = ownerOf(path);
  if (owner !== undefined && !isAlive(owner)) dropStale(path, owner);
  return false;
}

function dropStale(path, owner) {
  const stale = `${path}-stale-${process.pid}`;
  try {
    renameSync(path, stale);
  } catch {
    return;
  }
  // Somebody else was quicker, and what we hold is a new lock: give it back.
  if (ownerOf(stale) !== owner) renameSync(stale, path);
  else rmSync(stale, { recursive: true, force: true });
}

function ownerOf(path) {
  try {
    const pid = Number(readFileSync(join(path, "pid"), "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
