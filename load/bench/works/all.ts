import { commit } from "./commit.ts";
import { connect } from "./connect.ts";
import { documents } from "./documents.ts";
import { drain } from "./drain.ts";
import { fanOut } from "./fan-out.ts";
import { flatness } from "./flatness.ts";
import { idle, idleMany } from "./idle.ts";
import { move } from "./move.ts";
import { relay } from "./relay.ts";
import { takeover } from "./takeover.ts";
import type { Work } from "./work.ts";

/** In the order in which `npm run bench` does them. */
export const works: readonly Work[] = [
  relay,
  fanOut,
  idle,
  connect,
  move,
  drain,
  takeover,
  commit,
  flatness,
  documents,
  idleMany,
];
