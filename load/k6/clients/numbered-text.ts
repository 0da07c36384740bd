/** A message of a load client: who has sent it, the how-manieth from 1 of that sender, when, and whether it is the sender's last. */
export interface NumberedText {
  readonly sender: string;
  readonly number: number;
  /** On the run's clock, in ms. */
  readonly sentMs: number;
  readonly isLast: boolean;
}

export function writeText({ sender, number, sentMs, isLast }: NumberedText): string {
  return `${sender}:${number}:${sentMs.toFixed(2)}:${isLast ? 1 : 0}`;
}

/** `undefined` for what {@link writeText} does not write. */
export function readText(text: string): NumberedText | undefined {
  const [sender, number, sentMs, isLast, ...more] = text.split(":");
  const parsed = { sender: sender ?? "", number: Number(number), sentMs: Number(sentMs), isLast: isLast === "1" };
  const isWhole = parsed.sender !== "" && Number.isSafeInteger(parsed.number) && parsed.number > 0;
  return isWhole && Number.isFinite(parsed.sentMs) && isLast !== undefined && more.length === 0 ? parsed : undefined;
}
