import { readStored, writeStored } from "./browser-store.ts";

const themes = ["auto", "light", "dark"] as const;

/** Light or dark as the system says, or as was chosen in this browser. */
export function listenToTheme(inputs: NodeListOf<HTMLInputElement>): void {
  const saved = readStored("theme");
  const theme = themes.find((one) => one === saved) ?? "auto";
  document.documentElement.dataset["theme"] = theme;
  for (const input of inputs) {
    input.checked = input.value === theme;
    input.addEventListener("change", () => {
      document.documentElement.dataset["theme"] = input.value;
      writeStored("theme", input.value);
    });
  }
}
