import type { SessionRecord, SessionStanding } from "../game-session.ts";
import { element, inputElement, setText } from "./element.ts";

export interface OverlayActions {
  /** A new name, as typed. Answers what it was made into. */
  rename(name: string): string;
  retry(): void;
  /** Leaves this arena for one that has places. */
  playElsewhere(): void;
  /** Answers whether sound is on now. */
  toggleSound(): boolean;
  /** Lets bots in, or sends them away. Answers whether they are in now. */
  toggleBots(): boolean;
}

export interface Overlay {
  showRoom(room: string): void;
  showName(name: string): void;
  showStanding(standing: SessionStanding): void;
  showNumbers(numbers: {
    readonly players: number;
    readonly pingMs: number | undefined;
    readonly server: string | undefined;
    readonly epoch: number | undefined;
    readonly record: SessionRecord;
  }): void;
  toggleSound(): void;
  /** The first steps are made: whoever plays knows how. */
  hideHint(): void;
  /** Nothing can be drawn here. */
  showFailure(text: string): void;
}

const words: Readonly<Record<SessionStanding["kind"], string>> = {
  connecting: "connecting",
  open: "connected",
  waiting: "waiting",
  retrying: "disconnected",
  stopped: "stopped",
  full: "full",
};

interface Notice {
  readonly text: string;
  readonly canRetry?: boolean;
  readonly canLeave?: boolean;
}

/** What stands over the arena: plain elements of the page, so that they can be read aloud, selected and zoomed. */
export function openOverlay(actions: OverlayActions): Overlay {
  const connection = element("connection");
  const notice = element("notice");
  const name = inputElement("name");
  const share = element("share");
  const sound = element("sound");

  element("retry").addEventListener("click", () => actions.retry());
  element("elsewhere").addEventListener("click", () => actions.playElsewhere());
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
  const toggleSound = (): void => {
    const isOn = actions.toggleSound();
    setText(sound, isOn ? "Sound on" : "Sound off");
    sound.setAttribute("aria-pressed", String(isOn));
  };
  sound.addEventListener("click", toggleSound);
  const bots = element("bots");
  bots.addEventListener("click", () => {
    const areIn = actions.toggleBots();
    setText(bots, areIn ? "Send bots away" : "Let 6 bots in");
    bots.setAttribute("aria-pressed", String(areIn));
  });

  function showNotice({ text, canRetry = false, canLeave = false }: Notice): void {
    notice.hidden = text === "";
    setText(element("notice-text"), text);
    element("retry").hidden = !canRetry;
    element("elsewhere").hidden = !canLeave;
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
      setText(connection, words[standing.kind]);
      connection.setAttribute("data-kind", standing.kind);
      showNotice(noticeFor(standing));
    },
    showNumbers({ players, pingMs, server, epoch, record }) {
      setText(element("players"), String(players));
      element("alone").hidden = players !== 1;
      setText(element("ping"), pingMs === undefined ? "–" : `${Math.round(pingMs)} ms`);
      setText(element("server"), server ?? "–");
      setText(element("epoch"), epoch === undefined ? "–" : String(epoch));
      const { lastMoveMs } = record;
      setText(element("last-move"), lastMoveMs === undefined ? "none yet" : `${Math.round(lastMoveMs)} ms`);
    },
    toggleSound,
    hideHint() {
      element("hint").setAttribute("data-done", "yes");
    },
    showFailure: (text) => showNotice({ text }),
  };
}

function noticeFor(standing: SessionStanding): Notice {
  switch (standing.kind) {
    case "open":
    case "connecting":
      return { text: "" };
    case "waiting":
      return { text: "Waiting for the room…" };
    case "retrying":
      return { text: `Disconnected (${standing.code}). Trying again…`, canRetry: true };
    case "stopped":
      return { text: standing.why, canRetry: true };
    case "full":
      return { text: "This arena is full.", canLeave: true };
  }
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
