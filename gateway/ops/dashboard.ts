import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export interface DashboardPage {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The dashboard, and a policy under which nothing but its own script and style runs there. */
export function loadDashboard(): DashboardPage {
  const body = readFileSync(new URL("./dashboard/index.html", import.meta.url), "utf8");
  const policy = [
    "default-src 'none'",
    "connect-src 'self'",
    "img-src data:",
    `script-src ${hashesOf(body, "script")}`,
    `style-src ${hashesOf(body, "style")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { body, headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": policy } };
}

function hashesOf(html: string, tag: "script" | "style"): string {
  const contents = [...html.matchAll(new RegExp(`<${tag}\\b[^>]*>([\\s\\S]*?)</${tag}>`, "g"))];
  const hashes = contents.map(([, content]) => {
    const hash = createHash("sha256")
      .update(content ?? "")
      .digest("base64");
    return `'sha256-${hash}'`;
  });
  return hashes.length === 0 ? "'none'" : hashes.join(" ");
}
