const storageKey = "roomgate-editor-theme";
const themes = ["auto", "light", "dark"] as const;
type Theme = (typeof themes)[number];

/** Light or dark as the system says, or as was chosen in this browser. */
export function listenToTheme(inputs: NodeListOf<HTMLInputElement>): void {
  let theme: Theme = "auto";
  try {
    const saved = window.localStorage.getItem(storageKey);
    theme = themes.find((one) => one === saved) ?? "auto";
  } catch {
    // A browser that keeps nothing: as the system says.
  }
  document.documentElement.dataset["theme"] = theme;
  for (const input of inputs) {
    input.checked = input.value === theme;
    input.addEventListener("change", () => {
      document.documentElement.dataset["theme"] = input.value;
      try {
        window.localStorage.setItem(storageKey, input.value);
      } catch {
        // For this visit, then.
      }
    });
  }
}
