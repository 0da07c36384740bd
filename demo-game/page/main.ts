import { sanitizeName } from "../server/rules/names.ts";
import { openDebugHook } from "./debug-hook.ts";
import { GameSession } from "./game-session.ts";
import { listenToTouch } from "./input/joystick.ts";
import { listenToKeyboard } from "./input/keyboard.ts";
import { openOverlay } from "./overlay.ts";
import type { ShownFigure } from "./play/match.ts";
import { loadProfile, saveProfile } from "./profile.ts";
import { inventRoom, roomOfPath } from "./room-address.ts";
import { openStage, type Stage } from "./view/stage.ts";

const overlayEveryMs = 200;

/** Without a room in the address it becomes one: whoever copies the address then invites to the same room. */
function roomOfPage(): string {
  const { pathname, search } = window.location;
  const named = roomOfPath(pathname);
  if (named !== undefined) return named;
  const invented = inventRoom(Math.random);
  window.history.replaceState(null, "", `${pathname.slice(0, pathname.lastIndexOf("/") + 1)}${invented}${search}`);
  return invented;
}

function requiredElement(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element "${id}"`);
  return found;
}

async function play(): Promise<void> {
  const room = roomOfPage();
  let profile = loadProfile();
  saveProfile(profile);
  const session = new GameSession(room, profile);
  const overlay = openOverlay({
    rename(text) {
      profile = { ...profile, name: sanitizeName(text) };
      saveProfile(profile);
      session.rename(profile);
      return profile.name;
    },
    retry: () => session.retry(),
  });
  overlay.showRoom(room);
  overlay.showName(profile.name);

  const surface = requiredElement("arena");
  const keyboard = listenToKeyboard();
  const touch = listenToTouch(surface, requiredElement("joystick"), requiredElement("joystick-knob"));
  window.addEventListener("online", () => session.retry());
  // `pagehide` also comes when the page is kept for the way back; then it returns with a new connection.
  window.addEventListener("pagehide", () => session.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });

  let stage: Stage | undefined;
  let figures: readonly ShownFigure[] = [];
  let lastFrameMs = performance.now();

  function frame(): void {
    const nowMs = performance.now();
    const keys = keyboard();
    const direction = keys.x === 0 && keys.y === 0 ? touch() : keys;
    if (direction.x !== 0 || direction.y !== 0) overlay.hideHint();
    session.match.frame(nowMs, direction);
    figures = session.match.figures(nowMs);
    stage?.draw(figures, nowMs - lastFrameMs);
    lastFrameMs = nowMs;
  }

  function showOverlay(): void {
    const nowMs = performance.now();
    const { match } = session;
    session.elapse(nowMs);
    overlay.showStanding(session.standing(nowMs));
    overlay.showPlayers([...match.players.values()], match.own?.number);
    overlay.showPing(match.pingMs);
  }

  window.setInterval(showOverlay, overlayEveryMs);
  openDebugHook({
    room: () => room,
    name: () => session.match.own?.name,
    position: () => session.match.ownPlace,
    players: () => session.match.players.size,
    closes: () => session.record.closes,
    lastCloseCode: () => session.record.lastCloseCode,
    lastStateMs: () => session.match.lastStateMs,
    states: () => session.record.states,
    longestSilenceMs: () => session.record.longestSilenceMs,
    pingMs: () => session.match.pingMs,
    connection: () => session.standing(performance.now()).kind,
    renderer: () => stage?.renderer,
    figures: () => figures,
  });

  try {
    const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    stage = await openStage(surface, isCalm);
    stage.onFrame(frame);
  } catch (error) {
    overlay.showFailure("This browser cannot draw the arena: it has neither WebGL nor a canvas.");
    throw error;
  }
}

await play();
