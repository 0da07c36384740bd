import type { Moved } from "./admin-calls.ts";
import type { Cluster } from "./cluster.ts";
import type { Crowd } from "./crowd.ts";
import { sleep } from "./until.ts";

export interface MoveFigures extends Moved {
  /** Longest that a client of the room waited for its own message around the move. */
  readonly waitMs: number;
}

const moversAtOnce = 4;
const attemptsMax = 50;
/** A message that was sent last before the move has come back by then, or its wait shows in the next one. */
const settleMs = 50;

/** Moves each room of the crowd once to a server other than its own, a few at a time. */
export async function moveEveryRoom(
  cluster: Cluster,
  crowd: Crowd,
  note: (figures: MoveFigures) => void = () => {},
): Promise<void> {
  const waiting = crowd.rooms.map(({ key }) => key);
  const mover = async (): Promise<void> => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) note(await moveRoom(cluster, crowd, key));
  };
  await Promise.all(Array.from({ length: moversAtOnce }, mover));
}

/** The cluster moves rooms by itself too: a refusal because of such a move is met by asking again where the room is. */
async function moveRoom(cluster: Cluster, crowd: Crowd, key: string): Promise<MoveFigures> {
  let problem = "";
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const [room, servers] = await Promise.all([cluster.room(key), cluster.liveServers()]);
    if (room === undefined) throw new Error(`nobody has ${key}`);
    const others = servers.filter(({ id }) => id !== room.server);
    const target = others[(room.epoch + attempt) % others.length];
    if (target === undefined) throw new Error("there is no other server");
    crowd.mark([key]);
    const reply = await cluster.move(key, target.id);
    if (reply.status === 200) {
      await sleep(settleMs);
      return { ...reply.body, waitMs: crowd.room(key).longestWaitMs };
    }
    problem = `${reply.status} ${reply.body.detail}`;
    if (reply.status !== 409) break;
  }
  throw new Error(`${key} cannot be moved: ${problem}`);
}

/** Drains these servers one after the other, each until it has left and another is there; `between` runs before each, with its place. */
export async function replaceEveryServer(
  cluster: Cluster,
  ids: readonly string[],
  between: (place: number) => Promise<void>,
): Promise<{ readonly id: string; readonly tookMs: number }[]> {
  const drains: { readonly id: string; readonly tookMs: number }[] = [];
  for (const [place, id] of ids.entries()) {
    await between(place);
    const before = await cluster.liveServers();
    const startMs = performance.now();
    const reply = await cluster.drain(id);
    if (reply.status !== 202) throw new Error(`${id} is not drained: ${reply.status}`);
    await cluster.untilServers((servers) => !servers.some((server) => server.id === id));
    drains.push({ id, tookMs: performance.now() - startMs });
    await cluster.untilServers((all) => all.filter(({ state }) => state === "live").length === before.length);
  }
  return drains;
}
