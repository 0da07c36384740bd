/** The element of that id; the page's own markup has it. */
export function part<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element "${id}"`);
  return found as E;
}

/** Says something for a moment. */
export function showToast(text: string): void {
  const toast = part("toast");
  toast.textContent = text;
  toast.classList.remove("shown");
  // Read, so that the animation begins anew.
  void toast.offsetWidth;
  toast.classList.add("shown");
}

/** Menus close when something else is clicked, and on Escape, which gives the focus back to what opened them. */
export function listenToMenus(): void {
  const open = (): HTMLDetailsElement | null => document.querySelector<HTMLDetailsElement>("details.menu[open]");
  document.addEventListener("click", ({ target }) => {
    const menu = open();
    if (menu !== null && target instanceof Node && !menu.contains(target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = open();
    if (event.key !== "Escape" || menu === null) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}

/** Also where the page is not served over TLS, and the browser's clipboard is not to be had. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}

export function download(fileName: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
