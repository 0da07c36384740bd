import { z } from "zod";
import type { ProcessReport } from "../process-report.ts";

/** What a supervisor and its children say to each other, over the channel that Node gives a child process. */
export type ToChild =
  | { readonly t: "stop" }
  | { readonly t: "report"; readonly id: number }
  /** To look who is there, and report then. */
  | { readonly t: "look"; readonly id: number };

export type FromChild =
  /** `port`: of a gateway the one for clients, as bound. */
  | { readonly t: "ready"; readonly port: number }
  | { readonly t: "failed"; readonly message: string }
  | { readonly t: "draining" }
  | { readonly t: "report"; readonly id: number; readonly report: ProcessReport };

const toChild = z.discriminatedUnion("t", [
  z.object({ t: z.literal("stop") }),
  z.object({ t: z.literal("report"), id: z.number() }),
  z.object({ t: z.literal("look"), id: z.number() }),
]);

const fromChild = z.discriminatedUnion("t", [
  z.object({ t: z.literal("ready"), port: z.number() }),
  z.object({ t: z.literal("failed"), message: z.string() }),
  z.object({ t: z.literal("draining") }),
  z.object({ t: z.literal("report"), id: z.number(), report: z.custom<ProcessReport>(isReport) }),
]);

/** A child runs the user's code too, which may send what it likes: anything else is not ours. */
export function parseFromChild(message: unknown): FromChild | undefined {
  return fromChild.safeParse(message).data;
}

export function parseToChild(message: unknown): ToChild | undefined {
  return toChild.safeParse(message).data;
}

function isReport(value: unknown): boolean {
  return typeof value === "object" && value !== null && "id" in value && "kind" in value;
}
