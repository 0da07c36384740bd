import type { Options } from "../option-table.ts";
import type { ChildPlan } from "./launch.ts";

const variable = "ROOMGATE_CHILD";

/** Everything that a child needs to know; its supervisor has resolved and checked it. */
export interface ChildOrders {
  readonly options: Options;
  readonly plan: ChildPlan;
  readonly secret: string;
  /** As bound; the landing page links to it. */
  readonly adminPort: number;
}

/** The environment of a child: the orders instead of the variables that they came from. Only the same user can read it. */
export function childEnvironment(orders: ChildOrders, own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(own).filter(([name]) => !name.startsWith("ROOMGATE_"));
  return { ...Object.fromEntries(others), [variable]: JSON.stringify(orders) };
}

/** `undefined` where nobody supervises this process. Takes the orders out of the environment: the user's code has no use for the secret. */
export function takeChildOrders(own: NodeJS.ProcessEnv): ChildOrders | undefined {
  const text = own[variable];
  delete own[variable];
  return text === undefined || process.send === undefined ? undefined : (JSON.parse(text) as ChildOrders);
}
