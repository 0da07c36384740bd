import { STATUS_CODES } from "node:http";

/** An error as RFC 9457 has it. */
export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The detail once more, where the contract names it so (409). */
  readonly error?: string;
}

export const problemType = "application/problem+json; charset=utf-8";

export function problemOf(status: number, detail: string): Problem {
  const base = { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail } as const;
  return status === 409 ? { ...base, error: detail } : base;
}
