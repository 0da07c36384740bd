import { z } from "zod";
import type { Member } from "../cluster/membership.ts";
import type { Store } from "../store/port.ts";
import { appOf, parseRoomKey, type RoomKey, type ServerId } from "../wire/ids.ts";
import type {
  Answer,
  ClusterControl,
  GatewayStatus,
  MoveReport,
  Readiness,
  RoomFilter,
  RoomStatus,
  ServerStatus,
} from "./cluster-control.ts";
import type { MemberWatch } from "./member-watch.ts";
import type { ServerAnswer, ServerRequests } from "./server-requests.ts";

export interface TrunkControlDeps {
  readonly store: Store;
  readonly watch: MemberWatch;
  readonly requests: ServerRequests;
  /** Prometheus text of the processes that this one can speak for. */
  readonly metrics: () => Promise<string>;
}

type ServerMember = Member<ServerRow>;
type ServerRow = ReturnType<MemberWatch["members"]>[number]["info"];

const askTimeoutMs = 3_000;
/** A move copies the room's state first, which may be large. */
const moveTimeoutMs = 60_000;

/** Operates a cluster by what its store says and its servers answer; needs nothing of the process that started them. */
export function createTrunkControl(deps: TrunkControlDeps): ClusterControl {
  const { store, watch, requests } = deps;
  const serversNow = (): readonly ServerMember[] => watch.members().filter((member) => member.kind === "server");
  const serverOf = (id: ServerId): ServerMember | undefined => serversNow().find((member) => member.id === id);

  /** Who owns a room now, by the store: only that is true at this moment. */
  async function ownerOf(room: RoomKey): Promise<Answer<{ owner: ServerId; epoch: number }>> {
    const found = await store.readHead(room);
    if (found.kind === "unavailable") return unavailable(found.reason);
    const { head } = found;
    if (head === undefined || head.owner === null) return { kind: "not-found", detail: `nobody has ${room}` };
    return { kind: "ok", value: { owner: head.owner, epoch: head.epoch } };
  }

  async function roomsOf(server: ServerMember, filter: RoomFilter): Promise<readonly RoomStatus[]> {
    const { app, limit } = filter;
    const request = app === undefined ? { op: "rooms" as const, limit } : { op: "rooms" as const, app, limit };
    const answer = server.state === "lost" ? undefined : await requests.ask(server.info.address, request, askTimeoutMs);
    const rooms = roomList.safeParse(answer?.status === "ok" ? answer.value : undefined);
    if (rooms.success) return rooms.data.map((entry) => ({ ...entry, server: server.id as ServerId }));
    // It says nothing, but the store knows what it owns.
    const heads = await store.listHeads({ owner: server.id as ServerId, limit, ...(app === undefined ? {} : { app }) });
    if (heads.kind === "unavailable") return [];
    return heads.heads.map(({ room, head }) => ({
      room,
      server: server.id as ServerId,
      epoch: head.epoch,
      sessions: 0,
    }));
  }

  /** The first of them that answers: one that has just died counts as live for a lease. */
  async function firstToAnswer(servers: readonly ServerMember[], room: RoomKey): Promise<ServerMember | undefined> {
    const ask = ({ info }: ServerMember) => requests.ask(info.address, { op: "room", room }, askTimeoutMs);
    const answers = await Promise.all(servers.map(ask));
    return servers.find((_, index) => answers[index]?.status !== "unreachable");
  }

  return {
    async servers() {
      if (!watch.storeAnswers) return unavailable("the store does not answer");
      return { kind: "ok", value: serversNow().map(serverStatus) };
    },

    async gateways() {
      if (!watch.storeAnswers) return unavailable("the store does not answer");
      const gateways = watch.members().filter((member) => member.kind === "gateway" && member.state !== "lost");
      return { kind: "ok", value: gateways.map(gatewayStatus) };
    },

    async rooms(filter) {
      if (!watch.storeAnswers) return unavailable("the store does not answer");
      const asked = serversNow().filter((member) => filter.server === undefined || member.id === filter.server);
      const lists = await Promise.all(asked.map((server) => roomsOf(server, filter)));
      const byRoom = new Map<RoomKey, RoomStatus>();
      for (const status of lists.flat()) {
        const other = byRoom.get(status.room);
        // In the midst of a move two servers may name a room: the higher epoch has it.
        if (other === undefined || other.epoch < status.epoch) byRoom.set(status.room, status);
      }
      const rooms = [...byRoom.values()].sort((a, b) => (a.room < b.room ? -1 : 1));
      return { kind: "ok", value: rooms.slice(0, filter.limit) };
    },

    async room(key) {
      const owned = await ownerOf(key);
      if (owned.kind !== "ok") return owned;
      const { owner, epoch } = owned.value;
      const server = serverOf(owner);
      const answer =
        server === undefined || server.state === "lost"
          ? undefined
          : await requests.ask(server.info.address, { op: "room", room: key }, askTimeoutMs);
      const told = roomEntry.safeParse(answer?.status === "ok" ? answer.value : undefined);
      const status = { room: key, server: owner, epoch, sessions: 0 };
      return { kind: "ok", value: told.success ? { ...status, ...told.data } : status };
    },

    async move(key, to) {
      const owned = await ownerOf(key);
      if (owned.kind !== "ok") return owned;
      const from = owned.value.owner;
      const source = serverOf(from);
      if (source === undefined || source.state === "lost") return conflict(`its owner ${from} does not answer`);
      if (from === to) return conflict(`${key} is at ${to} already`);
      const target = serverOf(to);
      if (target === undefined) return conflict(`there is no server ${to}`);
      if (target.state !== "live") return conflict(`${to} is ${target.state}`);
      const answer = await requests.ask(source.info.address, { op: "move", room: key, to }, moveTimeoutMs);
      return moveAnswer(key, answer);
    },

    async skip(key, record) {
      const found = await store.readHead(key);
      if (found.kind === "unavailable") return unavailable(found.reason);
      const { head } = found;
      if (head === undefined) return { kind: "not-found", detail: `there is no room ${key}` };
      const live = serversNow().filter(({ state, info }) => state === "live" && info.apps.includes(appOf(key)));
      if (live.length === 0) return conflict(`no live server has the app of ${key}`);
      const byOwner = [...live].sort((one, other) => Number(other.id === head.owner) - Number(one.id === head.owner));
      const server = await firstToAnswer(byOwner, key);
      if (server === undefined) return unavailable(`no server that has the app of ${key} answers`);
      const answer = await requests.ask(server.info.address, { op: "skip", room: key, record }, moveTimeoutMs);
      if (answer.status === "unreachable") return unavailable(answer.detail);
      if (answer.status !== "ok") return conflict(answer.detail ?? "it cannot be done now");
      const told = skipValue.safeParse(answer.value);
      if (!told.success) return unavailable("the server's answer is not understood");
      return { kind: "ok", value: { room: key, record, server: server.id as ServerId, epoch: told.data.epoch } };
    },

    async drain(id) {
      let server = serverOf(id);
      if (server === undefined) {
        await watch.refresh();
        server = serverOf(id);
      }
      if (server === undefined || server.state === "lost") {
        return { kind: "not-found", detail: `there is no server ${id}` };
      }
      const answer = await requests.ask(server.info.address, { op: "drain" }, askTimeoutMs);
      if (answer.status === "ok") return { kind: "ok", value: undefined };
      return answer.status === "conflict"
        ? conflict(answer.detail ?? "it cannot be drained now")
        : unavailable(answer.detail ?? `${id} could not do it`);
    },

    metrics: deps.metrics,

    async ready(): Promise<Readiness> {
      const missing: string[] = [];
      if (!watch.storeAnswers) missing.push("the store does not answer");
      const live = watch.members().filter((member) => member.state === "live");
      if (!live.some((member) => member.kind === "server")) missing.push("no live room server");
      if (!live.some((member) => member.kind === "gateway")) missing.push("no live gateway");
      return { ready: missing.length === 0, missing };
    },
  };
}

const count = z.number().int().min(0);
const roomKey = z.string().transform((text, context): RoomKey => {
  const key = parseRoomKey(text);
  if (key === undefined) context.addIssue({ code: "custom", message: "no room key" });
  return key as RoomKey;
});
const roomEntry = z.object({ epoch: count, sessions: count });
const roomList = z.array(roomEntry.extend({ room: roomKey }));
const skipValue = z.object({ epoch: count });
const moveValue = z.object({ from: z.string(), to: z.string(), epoch: count, pauseMs: z.number().min(0) });

function moveAnswer(room: RoomKey, answer: ServerAnswer): Answer<MoveReport> {
  switch (answer.status) {
    case "ok": {
      const value = moveValue.safeParse(answer.value);
      if (!value.success) return unavailable("the server's answer is not understood");
      const { from, to, epoch, pauseMs } = value.data;
      return { kind: "ok", value: { room, from: from as ServerId, to: to as ServerId, epoch, pauseMs } };
    }
    // It was there a moment ago: somebody else has it now.
    case "not-found":
      return conflict(answer.detail ?? "its owner has just changed");
    case "conflict":
    case "failed":
      return conflict(answer.detail ?? "it cannot be moved now");
    case "unreachable":
      return unavailable(answer.detail);
  }
}

const conflict = (detail: string) => ({ kind: "conflict", detail }) as const;
const unavailable = (detail: string) => ({ kind: "unavailable", detail }) as const;

function serverStatus(member: ServerMember): ServerStatus {
  const { pid, address, rooms, sessions, weight } = member.info;
  return { id: member.id as ServerId, state: member.state, pid, address, rooms, sessions, weight };
}

function gatewayStatus(member: ServerMember): GatewayStatus {
  const { pid, address, sessions } = member.info;
  return { id: member.id, pid, address, sessions };
}
