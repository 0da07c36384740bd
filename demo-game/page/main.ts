import { sanitizeName } from "../server/rules/names.ts";
import { openDebugHook } from "./debug-hook.ts";
import { GameSession } from "./game-session.ts";
import { Happenings } from "./happenings.ts";
import { element } from "./hud/element.ts";
import { openHands } from "./hud/hands.ts";
import { openOverlay } from "./hud/overlay.ts";
import { openRankings } from "./hud/rankings.ts";
import { showRanking } from "./hud/roster.ts";
import { openTalk } from "./hud/talk.ts";
import { Controls } from "./input/controls.ts";
import { listenToTouch } from "./input/joystick.ts";
import { listenToKeyboard } from "./input/keyboard.ts";
import { listenToMouse } from "./input/mouse.ts";
import { GuestBots } from "./net/guest-bots.ts";
import { identityToken } from "./net/identity-token.ts";
import { findArena } from "./net/lobby.ts";
import type { ShownBolt, ShownFigure } from "./play/match.ts";
import { loadProfile, saveProfile } from "./profile.ts";
import { refusedRooms, roomOfPath } from "./room-address.ts";
import { Sound } from "./sound.ts";
import { openStage, type Stage } from "./view/stage.ts";

const overlayEveryMs = 200;

/** Without a room in the address the lobby names one: whoever copies the address then invites to the same room. */
async function roomOfPage(): Promise<string> {
  const { pathname, search } = window.location;
  const named = roomOfPath(pathname);
  if (named !== undefined) return named;
  const found = await findArena(refusedRooms(search));
  window.history.replaceState(null, "", `${pathname.slice(0, pathname.lastIndexOf("/") + 1)}${found}`);
  return found;
}

async function play(): Promise<void> {
  const room = await roomOfPage();
  let profile = loadProfile();
  saveProfile(profile);
  const session = new GameSession(room, profile, await identityToken());
  const sound = new Sound();
  const bots = new GuestBots(room);
  const overlay = openOverlay({
    rename(text) {
      profile = { ...profile, name: sanitizeName(text) };
      saveProfile(profile);
      session.rename(profile);
      return profile.name;
    },
    retry: () => session.retry(),
    playElsewhere: () => window.location.assign(`./?not=${encodeURIComponent(room)}`),
    toggleSound: () => sound.toggle(),
    toggleBots: () => bots.toggle(),
  });
  overlay.showRoom(room);
  overlay.showName(profile.name);
  const hands = openHands(() => session.match.heal());
  const talk = openTalk((text) => session.match.say(text));
  openRankings();
  const happenings = new Happenings(hands, sound);

  const surface = element("arena");
  const keyboard = listenToKeyboard({
    KeyE: () => session.match.heal(),
    KeyM: () => overlay.toggleSound(),
    Enter: () => talk.open(),
  });
  const joysticks = listenToTouch(surface, [element("joystick-move"), element("joystick-aim")]);
  const controls = new Controls(keyboard, joysticks, listenToMouse(surface));
  window.addEventListener("online", () => session.retry());
  // `pagehide` also comes when the page is kept for the way back; then it returns with a new connection.
  window.addEventListener("pagehide", () => {
    session.close();
    bots.sendAway();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });

  let stage: Stage | undefined;
  let figures: readonly ShownFigure[] = [];
  let bolts: readonly ShownBolt[] = [];
  let lastFrameMs = performance.now();

  function frame(): void {
    const nowMs = performance.now();
    const { match } = session;
    const wish = controls.read(match.ownPlace, stage?.placeAt);
    if (wish.x !== 0 || wish.y !== 0) overlay.hideHint();
    match.frame(nowMs, wish);
    figures = match.figures(nowMs);
    bolts = match.bolts(nowMs);
    happenings.show(match, figures, stage?.effects);
    stage?.draw({ figures, bolts, ledger: match.ledger, blips: match.blips }, nowMs - lastFrameMs);
    lastFrameMs = nowMs;
  }

  function showOverlay(): void {
    const nowMs = performance.now();
    const { match, record } = session;
    session.elapse(nowMs);
    overlay.showStanding(session.standing(nowMs));
    const here = [...match.ledger.players.values()].filter((player) => player.isHere);
    overlay.showNumbers({
      players: here.length,
      pingMs: match.pingMs,
      server: match.server,
      epoch: match.state?.epoch,
      record,
    });
    const you = match.own?.number;
    showRanking(
      "roster",
      here.map(({ name, hue, score, number }) => ({ name, hue, points: score, isYou: number === you })),
    );
    hands.show(match.own, match.state);
    talk.show(match.ledger.chat, nowMs);
  }

  window.setInterval(showOverlay, overlayEveryMs);
  openDebugHook({
    room: () => room,
    name: () => session.match.own?.name,
    number: () => session.match.own?.number,
    position: () => session.match.ownPlace,
    players: () => session.match.ledger.playersHere,
    score: () => session.match.own?.score ?? 0,
    carried: () => session.match.carried,
    health: () => session.match.state?.figures.get(session.match.own?.number ?? 0)?.health,
    closes: () => session.record.closes,
    lastCloseCode: () => session.record.lastCloseCode,
    lastStateMs: () => session.match.lastStateMs,
    states: () => session.record.states,
    longestSilenceMs: () => session.record.longestSilenceMs,
    moves: () => session.record.moves,
    lastMoveMs: () => session.record.lastMoveMs,
    server: () => session.match.server,
    epoch: () => session.match.state?.epoch,
    serial: () => session.match.ledger.serial,
    eventsMissed: () => session.record.eventsMissed,
    eventsRepeated: () => session.record.eventsRepeated,
    scores: () => Object.fromEntries([...session.match.ledger.players.values()].map((one) => [one.number, one.score])),
    items: () => {
      const { items, itemsSpawned, itemsUsed } = session.match.ledger;
      const held = [...items.values()].filter(({ holder }) => holder !== undefined).length;
      return { spawned: itemsSpawned, lying: items.size - held, held, used: itemsUsed };
    },
    prediction: () => session.match.prediction,
    pingMs: () => session.match.pingMs,
    connection: () => session.standing(performance.now()).kind,
    renderer: () => stage?.renderer,
    bolts: () => bolts.length,
    figures: () => figures.map(({ player, isOwn, x, y }) => ({ name: player.name, isOwn, x, y })),
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
