import { BoardLink } from "../net/board-link.ts";
import { element } from "./element.ts";
import { showRanking } from "./roster.ts";

/** The two rankings, one of them in sight: of this arena, and of all time. The second is asked for only while it is looked at. */
export function openRankings(): void {
  const board = new BoardLink((top) =>
    showRanking(
      "board",
      top.map((entry) => ({ ...entry, isYou: false })),
    ),
  );
  const tabs = [
    { tab: element("tab-here"), list: element("roster"), isBoard: false },
    { tab: element("tab-all"), list: element("board"), isBoard: true },
  ];
  for (const { tab, isBoard } of tabs) {
    tab.addEventListener("click", () => {
      for (const one of tabs) {
        const isChosen = one.isBoard === isBoard;
        one.tab.setAttribute("aria-selected", String(isChosen));
        one.list.hidden = !isChosen;
      }
      if (isBoard) board.open();
      else board.close();
    });
  }
}
