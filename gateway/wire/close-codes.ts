/** Close codes that a client can meet. CONTRACT: they change only on purpose. */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  policy: 1008,
  tooBig: 1009,
  roomRestarted: 1012,
  overloaded: 1013,
  notUnderstood: 4400,
  credentialsMissing: 4401,
  notAllowed: 4403,
  noSuchRoom: 4404,
  replaced: 4409,
  resumeWindowOver: 4410,
  tooManyMessages: 4429,
  readsTooSlowly: 4430,
  noServer: 4503,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** What RFC 6455 lets an application send: 1000, 1001, 1003, 1007 to 1014, 3000 to 4999. */
export function isSendableCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000 && code <= 4999) return true;
  return code === 1000 || code === 1001 || code === 1003 || (code >= 1007 && code <= 1014);
}
