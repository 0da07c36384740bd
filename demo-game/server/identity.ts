import { createHash } from "node:crypto";

const tokenPattern = /^[A-Za-z0-9_-]{16,64}$/;

/**
 * Who a client is, in all arenas and across reconnects: 16 hexadecimal digits out of the secret token that its browser keeps. Others
 * may know the id, and cannot come back under it. A client without a token is somebody new with each session.
 */
export function identityOf(token: string | null, sessionId: string): string {
  const secret = token !== null && tokenPattern.test(token) ? `token ${token}` : `session ${sessionId}`;
  return createHash("sha256").update(secret).digest("hex").slice(0, 16);
}
