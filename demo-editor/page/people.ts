import { cleanName } from "./profile.ts";

export interface Person {
  readonly client: number;
  readonly name: string;
  readonly color: string;
  readonly isSelf: boolean;
  readonly readsOnly: boolean;
}

const colourPattern = /^hsl\(\d{1,3} \d{1,3}% \d{1,3}%\)$/;

/** Everybody in the document, oneself first. What others say of themselves is not believed but cleaned. */
export function peopleOf(states: ReadonlyMap<number, unknown>, self: number): Person[] {
  const people = [...states].map(([client, state]): Person => {
    const user = fieldOf(state, "user");
    const color = String(fieldOf(user, "color") ?? "");
    return {
      client,
      name: cleanName(String(fieldOf(user, "name") ?? "")) || "Somebody",
      color: colourPattern.test(color) ? color : "hsl(0 0% 45%)",
      isSelf: client === self,
      readsOnly: fieldOf(user, "readsOnly") === true,
    };
  });
  return people.sort(
    (a, b) => Number(b.isSelf) - Number(a.isSelf) || a.name.localeCompare(b.name) || a.client - b.client,
  );
}

/** One or two letters that stand for a name. */
export function initialsOf(name: string): string {
  const [first = "", ...rest] = name.split(" ");
  const last = rest.at(-1) ?? "";
  return ([...first].slice(0, 1).join("") + [...last].slice(0, 1).join("")).toUpperCase();
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
}
