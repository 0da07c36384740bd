import { initialsOf, type Person } from "./people.ts";

const shownMax = 6;

/** Who is here, as coloured initials; a screen reader gets the names. */
export function showPeople(list: HTMLElement, people: readonly Person[]): void {
  const items = people.slice(0, shownMax).map((person) => {
    const item = document.createElement("li");
    const label = person.name + (person.isSelf ? " (you)" : "") + (person.readsOnly ? ", reading" : "");
    item.title = label;
    item.style.setProperty("--colour", person.color);
    if (person.isSelf) item.className = "self";
    const initials = document.createElement("span");
    initials.textContent = initialsOf(person.name);
    initials.setAttribute("aria-hidden", "true");
    const name = document.createElement("span");
    name.className = "sr-only";
    name.textContent = label;
    item.append(initials, name);
    return item;
  });
  if (people.length > shownMax) {
    const more = document.createElement("li");
    more.className = "more";
    more.textContent = `+${people.length - shownMax}`;
    more.title = people
      .slice(shownMax)
      .map(({ name }) => name)
      .join(", ");
    items.push(more);
  }
  list.replaceChildren(...items);
}
