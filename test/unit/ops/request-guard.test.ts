import { describe, expect, test } from "vitest";
import { type GuardedRequest, judgeRequest, namesOf } from "../../../gateway/ops/request-guard.ts";

const names = namesOf("127.0.0.1", ["Ops.example"]);
const get = (host: string | undefined): GuardedRequest => ({
  method: "GET",
  host,
  origin: undefined,
  fetchSite: undefined,
  contentType: undefined,
  hasBody: false,
});
const post = (change: Partial<GuardedRequest>): GuardedRequest => ({
  ...get("localhost:8081"),
  method: "POST",
  contentType: "application/json",
  hasBody: true,
  ...change,
});
const statusOf = (request: GuardedRequest) => {
  const verdict = judgeRequest(request, names);
  return verdict.kind === "pass" ? 200 : verdict.status;
};

describe("OPS-5: the admin side", () => {
  test.each([
    "localhost",
    "localhost:8081",
    "LOCALHOST:1",
    "127.0.0.1:8081",
    "10.1.2.3",
    "[::1]:8081",
    "ops.example:80",
  ])("answers as %s", (host) => {
    expect(statusOf(get(host))).toBe(200);
  });

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "ops.example.",
    "",
    "a b",
    "[::1",
    undefined,
  ])("does not go by the name %s", (host) => {
    expect(statusOf(get(host))).toBe(421);
  });

  test("is changed by its own page and by programs", () => {
    expect(statusOf(post({}))).toBe(200);
    expect(statusOf(post({ origin: "http://localhost:8081", fetchSite: "same-origin" }))).toBe(200);
    expect(statusOf(post({ contentType: "application/json; charset=utf-8" }))).toBe(200);
    expect(statusOf(post({ contentType: undefined, hasBody: false }))).toBe(200);
  });

  test.each([
    { origin: "http://evil.example" },
    { origin: "http://localhost:8080" },
    { origin: "null" },
    { fetchSite: "cross-site" },
    { fetchSite: "same-site" },
    { origin: "http://evil.example", hasBody: false },
  ])("is not changed by other sites: %j", (change) => {
    expect(statusOf(post(change))).toBe(403);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", undefined])(
    "takes no body of type %s",
    (contentType) => {
      expect(statusOf(post({ contentType }))).toBe(415);
    },
  );
});
