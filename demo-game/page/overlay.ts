import type { PlayerCard } from "../server/rules/messages.ts";
import type { SessionStanding } from "./game-session.ts";
import { colourOfHue, cssColour } from "./view/palette.ts";

export interface OverlayActions {
  /** A new name, as typed. Answers what it was made into. */
  rename(name: string): string;
  retry(): void;
}

export interface Overlay {
  showRoom(room: string): void;
  showName(name: string): void;
  showStanding(standing: SessionStanding): void;
  showPlayers(players: readonly PlayerCard[], you: number | undefined): void;
  showPing(pingMs: number | undefined): void;
  /** The first steps are made: whoever plays knows how. */
  hideHint(): void;
  /** Nothing can be drawn here. */
  showFailure(text: string): void;
}

const rosterLengthMax = 8;
const words: Readonly<Record<SessionStanding["kind"], string>> = {
  connecting: "connecting",
  open: "connected",
  waiting: "waiting",
  retrying: "disconnected",
  stopped: "stopped",
};

/** What stands over the arena: plain elements of the page, so that they can be read aloud, selected and zoomed. */
export function openOverlay(actions: OverlayActions): Overlay {
  const connection = element("connection");
  const notice = element("notice");
  const noticeText = element("notice-text");
  const retry = element("retry");
  const name = element("name") as HTMLInputElement;
  const share = element("share");
  const roster = element("roster");

  retry.addEventListener("click", () => actions.retry());
  name.form?.addEventListener("submit", (event) => {
    event.preventDefault();
    name.blur();
  });
  name.addEventListener("change", () => {
    name.value = actions.rename(name.value);
  });
  share.addEventListener("click", () => {
    void copyText(window.location.href).then((isCopied) => {
      share.textContent = isCopied ? "Link copied" : "Copy the address above";
      window.setTimeout(() => {
        share.textContent = "Copy link";
      }, 2000);
    });
  });

  function showNotice(text: string, canRetry: boolean): void {
    notice.hidden = text === "";
    if (noticeText.textContent !== text) noticeText.textContent = text;
    retry.hidden = !canRetry;
  }

  return {
    showRoom(room) {
      element("room").textContent = room;
      document.title = `${room} · Roomgate arena`;
    },
    showName(text) {
      name.value = text;
    },
    showStanding(standing) {
      connection.textContent = words[standing.kind];
      connection.setAttribute("data-kind", standing.kind);
      const { text, canRetry } = noticeFor(standing);
      showNotice(text, canRetry);
    },
    showPlayers(players, you) {
      element("players").textContent = String(players.length);
      const sorted = [...players].sort((one, other) => Number(other.number === you) - Number(one.number === you));
      const shown = sorted.slice(0, rosterLengthMax).map((player) => rosterLine(player, player.number === you));
      const left = players.length - shown.length;
      if (left > 0) shown.push(Object.assign(document.createElement("li"), { textContent: `and ${left} more` }));
      roster.replaceChildren(...shown);
    },
    showPing(pingMs) {
      element("ping").textContent = pingMs === undefined ? "–" : `${Math.round(pingMs)} ms`;
    },
    hideHint() {
      element("hint").setAttribute("data-done", "yes");
    },
    showFailure: (text) => showNotice(text, false),
  };
}

function noticeFor(standing: SessionStanding): { readonly text: string; readonly canRetry: boolean } {
  switch (standing.kind) {
    case "open":
    case "connecting":
      return { text: "", canRetry: false };
    case "waiting":
      return { text: "Waiting for the room…", canRetry: false };
    case "retrying":
      return { text: `Disconnected (${standing.code}). Trying again…`, canRetry: true };
    case "stopped":
      return { text: standing.why, canRetry: true };
  }
}

function rosterLine(player: PlayerCard, isYou: boolean): HTMLLIElement {
  const line = document.createElement("li");
  const dot = document.createElement("span");
  dot.className = "dot";
  dot.style.background = cssColour(colourOfHue(player.hue));
  line.append(dot, isYou ? `${player.name} (you)` : player.name);
  return line;
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element "${id}"`);
  return found;
}

/** The clipboard is there only on secure pages; a page from an address in the house is not one. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}
