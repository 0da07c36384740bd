/** An echo that takes longer than this: the document moves to another server, or its server is being replaced. */
export const movingAfterMs = 300;
const idleEveryMs = 1_000;
/** An echo may be lost where a server dies; then another one is sent. */
const againAfterMs = 2_000;

/**
 * Tells from echoes how the document is: an echo comes back behind all that was sent before it, once that is durable. So it says that
 * the changes are stored, and where it takes long, that nobody has the document just now. Time comes in as a number.
 */
export class EchoWatch {
  readonly #send: (nonce: number) => void;
  #nonce = 0;
  /** The oldest echo that is not back: all later ones wait for the same thing. */
  #waitingSinceMs: number | undefined;
  #sentAtMs = 0;
  #isDirty = false;
  /** Changes that the echo under way does not cover. */
  #hasMore = false;

  constructor(send: (nonce: number) => void) {
    this.#send = send;
  }

  /** Whether there are changes of ours that may not be stored yet. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  isMoving(nowMs: number): boolean {
    return this.#waitingSinceMs !== undefined && nowMs - this.#waitingSinceMs > movingAfterMs;
  }

  /** A connection has opened, and all that is not stored has been sent on it. */
  opened(nowMs: number): void {
    this.#waitingSinceMs = undefined;
    this.#ask(nowMs);
  }

  closed(): void {
    this.#waitingSinceMs = undefined;
  }

  changed(nowMs: number, isOpen: boolean): void {
    this.#isDirty = true;
    if (this.#waitingSinceMs !== undefined) this.#hasMore = true;
    else if (isOpen) this.#ask(nowMs);
  }

  answered(nonce: number, nowMs: number): void {
    if (nonce !== this.#nonce || this.#waitingSinceMs === undefined) return;
    this.#waitingSinceMs = undefined;
    if (this.#hasMore) this.#ask(nowMs);
    else this.#isDirty = false;
  }

  /** Called every now and then while the connection is open. */
  elapsed(nowMs: number): void {
    const isLost = this.#waitingSinceMs !== undefined && nowMs - this.#sentAtMs > againAfterMs;
    const isIdle = this.#waitingSinceMs === undefined && nowMs - this.#sentAtMs > idleEveryMs;
    if (isLost || isIdle) this.#ask(nowMs);
  }

  #ask(nowMs: number): void {
    this.#nonce = (this.#nonce + 1) % 2 ** 31;
    this.#waitingSinceMs ??= nowMs;
    this.#sentAtMs = nowMs;
    this.#hasMore = false;
    this.#send(this.#nonce);
  }
}
