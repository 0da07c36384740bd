/** What tests of the page look at; also handy in a browser's console. Read only. */
export interface DebugHook {
  readonly name: string;
  readonly text: string;
  readonly standing: string;
  readonly isStored: boolean;
  readonly people: readonly string[];
  readonly closes: number;
  /** Standings so far, each once in a row. */
  readonly history: readonly string[];
}

export function openDebugHook(fields: { readonly [Field in keyof DebugHook]: () => DebugHook[Field] }): void {
  const hook = {};
  for (const [name, get] of Object.entries(fields)) Object.defineProperty(hook, name, { get, enumerable: true });
  Object.defineProperty(window, "__editor", { value: hook });
}
