const prefix = "roomgate-editor-";

/** What this browser keeps of this page; `null` where it keeps nothing, or may not. */
export function readStored(name: string): string | null {
  try {
    return window.localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

/** Kept for this visit at most where the browser keeps nothing. */
export function writeStored(name: string, text: string): void {
  try {
    window.localStorage.setItem(prefix + name, text);
  } catch {
    // Nothing depends on it.
  }
}
