import { parseArgs } from "node:util";

/** What was asked for, checked against what there is. */
export interface Request {
  readonly works: readonly string[];
  readonly contenders: readonly string[];
  /** Part of a case's name; all cases without it. */
  readonly caseText: string;
  /** Default is each work's own. */
  readonly rounds: number | undefined;
  readonly seconds: number | undefined;
  readonly isQuick: boolean;
  /** Folder for CPU profiles of Roomgate's processes; measuring with them on is not kept. */
  readonly profileFolder: string | undefined;
  readonly isPageOnly: boolean;
  readonly wantsHelp: boolean;
}

export interface Known {
  readonly works: readonly string[];
  /** Those that are done when none is named: not the ones that take long. */
  readonly usual: readonly string[];
  readonly contenders: readonly string[];
}

/** `{ problem }` says in one line what is wrong. */
export function parseRequest(args: readonly string[], known: Known): Request | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        work: { type: "string", multiple: true },
        idle: { type: "boolean" },
        contender: { type: "string", multiple: true },
        case: { type: "string" },
        rounds: { type: "string" },
        seconds: { type: "string" },
        quick: { type: "boolean" },
        profile: { type: "string" },
        page: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
    const listed = (texts: readonly string[] | undefined): string[] => (texts ?? []).flatMap((text) => text.split(","));
    const named = [...listed(values.work), ...(values.idle === true ? ["idle-many"] : [])];
    const contenders = listed(values.contender);
    return {
      works: named.length === 0 ? known.usual : named.map((name) => mustBe(name, known.works, "work")),
      contenders: contenders.map((name) => mustBe(name, known.contenders, "contender")),
      caseText: values.case ?? "",
      rounds: count(values.rounds, "rounds"),
      seconds: count(values.seconds, "seconds"),
      isQuick: values.quick === true,
      profileFolder: values.profile,
      isPageOnly: values.page === true,
      wantsHelp: values.help === true,
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function mustBe(name: string, those: readonly string[], kind: string): string {
  if (those.includes(name)) return name;
  throw new Error(`there is no ${kind} "${name}": ${those.join(", ")}`);
}

function count(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} wants a number above 0, not "${text}"`);
}
