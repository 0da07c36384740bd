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
