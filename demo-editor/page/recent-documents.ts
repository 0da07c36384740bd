import type { DocumentAddress } from "./document-address.ts";

export interface RecentDocument extends DocumentAddress {
  /** First line of the text when it was last seen. */
  readonly title: string;
}

export const recentMax = 20;

/** Newest first; each document once. */
export function withRecent(recent: readonly RecentDocument[], opened: RecentDocument): RecentDocument[] {
  return [opened, ...recent.filter(({ name }) => name !== opened.name)].slice(0, recentMax);
}

/** What can be read of what was saved. */
export function parseRecent(text: string | null): RecentDocument[] {
  try {
    const saved: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(saved) ? saved.filter(isRecent).slice(0, recentMax) : [];
  } catch {
    return [];
  }
}

function isRecent(value: unknown): value is RecentDocument {
  if (typeof value !== "object" || value === null) return false;
  const { name, key, readsOnly, title } = value as Partial<Record<keyof RecentDocument, unknown>>;
  const hasKey = key === undefined || typeof key === "string";
  return typeof name === "string" && typeof title === "string" && typeof readsOnly === "boolean" && hasKey;
}
