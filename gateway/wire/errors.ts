/** Something that may go wrong in operation: `code` for machines, the message is one clear line for people. */
export class RoomgateError extends Error {
  readonly code: string;
  /** Whether the same thing, done again later, can succeed. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RoomgateError";
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

const textLengthMax = 4_096;
const causesMax = 3;

/**
 * What was thrown, as an `Error` of our own that can be logged and shown: bounded, and without anything that could throw or change. User code
 * throws what it likes: objects without a prototype, getters that throw, messages of megabytes.
 */
export function describeError(thrown: unknown, causesLeft = causesMax): Error {
  const isError = thrown instanceof Error;
  const message = isError ? textOf(() => thrown.message) : textOf(() => String(thrown));
  const described = new Error(message);
  described.name = isError ? textOf(() => thrown.name) : `thrown ${typeof thrown}`;
  if (!isError) {
    described.stack = `${described.name}: ${message}`;
    return described;
  }
  described.stack = textOf(() => thrown.stack ?? "");
  const cause = causesLeft > 0 ? resultOf(() => thrown.cause) : undefined;
  if (cause !== undefined) described.cause = describeError(cause, causesLeft - 1);
  return described;
}

function textOf(read: () => unknown): string {
  const value = resultOf(read);
  const text = typeof value === "string" ? value : "(it does not say what)";
  return text.length > textLengthMax ? `${text.slice(0, textLengthMax)} …` : text;
}

function resultOf(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}
