import { IndexeddbPersistence } from "y-indexeddb";
import { Doc } from "yjs";
import { mayWrite, toBase64Url } from "../server/rules/sealed-name.ts";
import { readStored, writeStored } from "./browser-store.ts";
import { openConnection } from "./connection.ts";
import { openDebugHook } from "./debug-hook.ts";
import { type DocumentAddress, inventDocument, linkTo, readAddress, shortName } from "./document-address.ts";
import { listenToDocumentsMenu, nameRule } from "./documents-menu.ts";
import { listenToMenus, part, showToast } from "./page-parts.ts";
import { peopleOf } from "./people.ts";
import { showPeople } from "./people-list.ts";
import { lengthOf, titleOf } from "./plain-text.ts";
import { cleanName, coloursOf, parseProfile } from "./profile.ts";
import { parseRecent, withRecent } from "./recent-documents.ts";
import { showRecent } from "./recent-list.ts";
import { listenToShareMenu } from "./share-menu.ts";
import { describeStanding, explainStanding } from "./standing.ts";
import { openTextEditor } from "./text-editor.ts";
import { listenToTheme } from "./theme.ts";
import { listenToToolbar } from "./toolbar.ts";

const keyBytes = 16;
const lookEveryMs = 100;
/** A browser that does not let the page store anything does not always say so. */
const localMsMax = 1_500;
const historyMax = 200;

/** Without a document in the address it becomes a new one: whoever copies the address then invites to the same document. */
function addressOfPage(): DocumentAddress | undefined {
  const opened = readAddress(window.location);
  if (opened.kind === "document") return opened.address;
  if (opened.kind === "misnamed") {
    showMisnamed(opened.text);
    return undefined;
  }
  const key = toBase64Url(window.crypto.getRandomValues(new Uint8Array(keyBytes)));
  const address = inventDocument(Math.random, key);
  window.history.replaceState(null, "", linkTo(address));
  return address;
}

function showMisnamed(text: string): void {
  document.body.dataset["page"] = "misnamed";
  const title = document.createElement("h2");
  title.textContent = "There cannot be a document of this name";
  const name = document.createElement("p");
  name.append(Object.assign(document.createElement("code"), { textContent: text }));
  const rule = document.createElement("p");
  rule.textContent = nameRule;
  const link = Object.assign(document.createElement("a"), {
    href: "./",
    textContent: "New document",
    className: "button",
  });
  const box = Object.assign(document.createElement("section"), { className: "misnamed" });
  box.dataset["testid"] = "misnamed";
  box.append(title, name, rule, link);
  part("text").replaceChildren(box);
  part("standing").hidden = true;
}

function openDocument(address: DocumentAddress): void {
  const isReader = address.readsOnly || !mayWrite(address.name, address.key ?? null);
  const doc = new Doc();
  const text = doc.getText("text");
  const connection = openConnection(address, doc);
  const { awareness } = connection.provider;
  const editor = openTextEditor(part("text"), text, connection.provider, showToast);

  let profile = parseProfile(readStored("profile"), Math.random);
  const introduce = (): void => {
    writeStored("profile", JSON.stringify(profile));
    part("hue").style.setProperty("--own", coloursOf(profile.hue).color);
    awareness.setLocalStateField("user", { name: profile.name, ...coloursOf(profile.hue), readsOnly: isReader });
  };
  introduce();

  const people = () => peopleOf(awareness.getStates(), doc.clientID);
  awareness.on("change", () => showPeople(part("people"), people()));
  showPeople(part("people"), people());

  const history: string[] = [];
  const showStanding = (): void => {
    const standing = connection.standing();
    const word = describeStanding(standing);
    if (standing.kind !== history.at(-1)) history.push(standing.kind);
    if (history.length > historyMax) history.shift();
    const pill = part("standing");
    pill.dataset["kind"] = standing.kind;
    pill.title = explainStanding(standing);
    // A status that is read out changes only when it says something else.
    if (part("standing-word").textContent !== word) part("standing-word").textContent = word;
    const meaning = standing.kind === "connected" ? "" : `. ${explainStanding(standing)}`;
    if (part("standing-meaning").textContent !== meaning) part("standing-meaning").textContent = meaning;
    part("notice").hidden = standing.kind !== "ended";
    if (standing.kind === "ended") part("notice-text").textContent = explainStanding(standing);
  };
  window.setInterval(showStanding, lookEveryMs);
  part("retry").addEventListener("click", () => connection.connect());

  const remember = (): void => {
    const written = text.toString();
    const title = titleOf(written);
    part("length").textContent = lengthOf(written);
    part("title").textContent = title || shortName(address.name);
    document.title = `${title || shortName(address.name)} · Roomgate`;
    const recent = withRecent(parseRecent(readStored("recent")), { ...address, readsOnly: isReader, title });
    writeStored("recent", JSON.stringify(recent));
    showRecent(part("recent"), recent, address.name);
  };
  let rememberTimer: number | undefined;
  text.observe(() => {
    window.clearTimeout(rememberTimer);
    rememberTimer = window.setTimeout(remember, 400);
  });
  remember();

  const name = part<HTMLInputElement>("name");
  const hue = part<HTMLInputElement>("hue");
  name.value = profile.name;
  hue.value = String(profile.hue);
  name.addEventListener("change", () => {
    profile = { ...profile, name: cleanName(name.value) || profile.name };
    name.value = profile.name;
    introduce();
  });
  hue.addEventListener("input", () => {
    profile = { ...profile, hue: Number(hue.value) };
    introduce();
  });
  part<HTMLFormElement>("profile").addEventListener("submit", (event) => {
    event.preventDefault();
    name.blur();
  });

  part("reads").hidden = !isReader;
  part("tools").hidden = isReader;
  listenToToolbar(editor.view, editor.undoManager);
  listenToShareMenu(address, isReader, () => text.toString());
  window.addEventListener("online", () => {
    if (connection.standing().kind === "offline") connection.connect();
  });
  openDebugHook({
    name: () => address.name,
    text: () => text.toString(),
    standing: () => connection.standing().kind,
    isStored: () => {
      const standing = connection.standing();
      return standing.kind === "connected" && standing.isStored;
    },
    people: () => people().map((person) => person.name),
    closes: () => connection.closes,
    history: () => history,
  });

  // What this browser has comes first, so that what is new in it is told as one answer and not piece by piece. A reader has a place of
  // its own: what was written here before and did not get through is not the reader's to send.
  const local = new IndexeddbPersistence(`roomgate-editor/${address.name}${isReader ? " (read only)" : ""}`, doc);
  const waited = new Promise((resolve) => window.setTimeout(resolve, localMsMax));
  void Promise.race([local.whenSynced, waited]).then(() => {
    editor.setEditable(!isReader);
    if (!isReader) editor.view.focus();
    connection.connect();
  });
}

listenToMenus();
listenToTheme(document.querySelectorAll<HTMLInputElement>("input[name=theme]"));
listenToDocumentsMenu();
const address = addressOfPage();
if (address !== undefined) openDocument(address);
// Another key or document in the same tab: the address alone does not load the page anew.
window.addEventListener("hashchange", () => window.location.reload());
