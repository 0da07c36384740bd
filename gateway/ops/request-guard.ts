import { isIP } from "node:net";

/**
 * The admin side asks nobody for a password, so it must not be reached by a page that somebody's browser shows:
 *
 * - **DNS rebinding**: a page makes its own name point to loopback. Its requests carry that name as `Host`: only the names that
 *   we go by are answered. Addresses pass: a browser that uses one has resolved no name.
 * - **Cross-site requests**: a page posts to us without being able to read the answer. Browsers say so (`Origin`, `Sec-Fetch-Site`), and
 *   a form cannot send JSON.
 */
export interface GuardedRequest {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly contentType: string | undefined;
  readonly hasBody: boolean;
}

export type Verdict =
  | { readonly kind: "pass" }
  | { readonly kind: "refuse"; readonly status: 403 | 415 | 421; readonly detail: string };

const pass: Verdict = { kind: "pass" };

/** OPS-5. `names` are host names without port, lower case. */
export function judgeRequest(request: GuardedRequest, names: ReadonlySet<string>): Verdict {
  const name = hostName(request.host);
  if (name === undefined || !(names.has(name) || isAddress(name))) {
    return {
      kind: "refuse",
      status: 421,
      detail: "the admin side does not go by this name; see the option adminNames",
    };
  }
  if (request.method === "GET" || request.method === "HEAD") return pass;
  if (request.fetchSite !== undefined && request.fetchSite !== "same-origin" && request.fetchSite !== "none") {
    return { kind: "refuse", status: 403, detail: "requests of other sites change nothing here" };
  }
  if (request.origin !== undefined && originHost(request.origin) !== request.host?.toLowerCase()) {
    return { kind: "refuse", status: 403, detail: "requests of other sites change nothing here" };
  }
  const type = request.contentType?.split(";")[0]?.trim().toLowerCase();
  if (request.hasBody && type !== "application/json") {
    return { kind: "refuse", status: 415, detail: "the body must be application/json" };
  }
  return pass;
}

/** Names by which the admin side may be called: this machine's own, the one that it listens on, and those of the operator. */
export function namesOf(adminHost: string, adminNames: readonly string[]): ReadonlySet<string> {
  return new Set(["localhost", adminHost, ...adminNames].map((name) => name.toLowerCase()));
}

function isAddress(name: string): boolean {
  return isIP(name.startsWith("[") ? name.slice(1, -1) : name) !== 0;
}

function hostName(host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host.toLowerCase());
  return match?.[1];
}

function originHost(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
