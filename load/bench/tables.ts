/** A column of figures: a value of the samples. */
export interface Column {
  readonly value: string;
  readonly title: string;
  readonly digits: number;
  /** What the value is multiplied with to be in the title's unit. */
  readonly scale?: number;
}

/** How a work's figures are shown. */
export interface WorkTable {
  readonly work: string;
  readonly title: string;
  readonly about: readonly string[];
  readonly columns: readonly Column[];
}

const micros = (value: string, title: string): Column => ({ value, title: `${title}, µs`, digits: 2 });
const rate = (title: string): Column => ({ value: "perSecond", title, digits: 0 });
const generatorCores: Column = { value: "generatorCores", title: "generator, cores", digits: 2 };

const ms = (value: string, title: string): Column => ({ value, title: `${title}, ms`, digits: 1 });
const count = (value: string, title: string): Column => ({ value, title, digits: 0 });
const kilobytes = (value: string, title: string): Column => ({
  value,
  title: `${title}, KB`,
  digits: 2,
  scale: 1 / 1024,
});

export const tables: readonly WorkTable[] = [
  {
    work: "relay",
    title: "Relay",
    about: [
      "A message there and back, counted once; ten rooms. *Relay* is the gateway or proxy, *server* the room server or the bare one.",
    ],
    columns: [
      micros("relayMicros", "relay"),
      micros("serverMicros", "server"),
      micros("totalMicros", "together"),
      rate("messages/s"),
      generatorCores,
    ],
  },
  {
    work: "fan-out",
    title: "Fan-out",
    about: [
      "64 bytes from one member to all of its room, per delivery; the next message when all have it. Rooms of less than 1 000 members are as many as",
      "make 1 000. *First to last* is from the message until the last member has it. Proxies have two files open per client, and a process here",
      "20 000 at most, so that 10 000 members are too many for one. *Loop* rows: the longest that the event loop of the gateway or server",
      "came late to a timer, watched in runs of their own; *of CPU*: the most that it used from one timer to the next.",
    ],
    columns: [
      micros("relayMicros", "relay"),
      micros("serverMicros", "server"),
      micros("totalMicros", "together"),
      rate("deliveries/s"),
      ms("p50Ms", "first to last p50"),
      ms("p99Ms", "p99"),
      generatorCores,
      ms("relayBlockMs", "relay's loop blocked"),
      ms("relayBlockCpuMs", "of CPU"),
      ms("serverBlockMs", "server's loop blocked"),
      ms("serverBlockCpuMs", "of CPU"),
    ],
  },
  {
    work: "idle",
    title: "Idle clients",
    about: [
      "What the processes have grown by per client, resident, 3 s after the last one came; freshly started each time, 100 rooms.",
    ],
    columns: [
      kilobytes("relayBytes", "relay"),
      kilobytes("serverBytes", "server"),
      kilobytes("totalBytes", "together"),
    ],
  },
  {
    work: "idle-many",
    title: "100 000 idle clients",
    about: ["Six gateways on one port, one room server, 1 000 rooms; clients answer the gateways' pings."],
    columns: [
      count("open", "open at the end"),
      count("closed", "closed"),
      count("heldSeconds", "held, s"),
      count("pings", "pings answered"),
      count("openedSeconds", "opened in, s"),
      kilobytes("relayBytes", "gateways, per client"),
      kilobytes("serverBytes", "room server, per client"),
      { value: "relayCores", title: "gateways, cores", digits: 2 },
    ],
  },
  {
    work: "connect",
    title: "Connections",
    about: [
      "5 000 clients, 64 at once, each until it is in its room. Roomgate without its limit of 5 000 new clients a second. Colyseus hands out seats by",
      "HTTP first, which is part of its rate.",
    ],
    columns: [
      micros("relayMicros", "relay"),
      micros("serverMicros", "server"),
      micros("totalMicros", "together"),
      rate("connections/s"),
      generatorCores,
    ],
  },
  {
    work: "move",
    title: "Planned moves",
    about: [
      "A memory room whose state changes 200 times a second, to the other of two servers and back. *Pause* is what the admin side answers; *client* is the",
      "longest that a message, said every 5 ms, waited for its answer around the move.",
    ],
    columns: [
      count("moves", "moves"),
      ms("pauseP50Ms", "pause p50"),
      ms("pauseP99Ms", "p99"),
      ms("pauseMaxMs", "longest"),
      ms("clientP50Ms", "client p50"),
      ms("clientP99Ms", "p99"),
      ms("clientMaxMs", "longest"),
      count("closed", "closed"),
      count("misplaced", "lost, doubled, reordered"),
    ],
  },
  {
    work: "drain",
    title: "Drain",
    about: [
      "The fuller one of two servers, with two clients in each room that speak in turn, 50 messages in flight in all; until it has gone.",
    ],
    columns: [
      count("rooms", "rooms"),
      { value: "drainMs", title: "drain, s", digits: 2, scale: 1 / 1000 },
      count("closed", "clients closed"),
      count("unanswered", "messages without answer"),
      rate("messages/s meanwhile"),
    ],
  },
  {
    work: "takeover",
    title: "Takeover",
    about: [
      "Commit rooms on LMDB, 60 of them on three servers: from the signal until a message that was said after it is durable and back, for each room that it",
      "hit. 3 s of the second row are the lease.",
    ],
    columns: [
      count("pauses", "pauses"),
      ms("p50Ms", "p50"),
      ms("p99Ms", "p99"),
      ms("maxMs", "longest"),
      count("closed", "closed"),
      count("misplaced", "lost, doubled, reordered"),
    ],
  },
  {
    work: "commit",
    title: "Committed messages",
    about: [
      "One room server on LMDB, 100 ledgers of 10 sessions, 64-byte bodies; from a gateway that is the benchmark itself, so that client sockets are not in it.",
      "A message is counted when it is acknowledged, which is when it is on disk. Loads in percent are of the most of the three rows above them. *Disk alone*",
      "is 16 pages, flushed, then one, written through, as a commit does it, in the pauses of the same run: an ack waits for one of those at least.",
    ],
    columns: [
      rate("committed/s"),
      ms("p50Ms", "ack p50"),
      ms("p99Ms", "p99"),
      ms("maxMs", "longest"),
      micros("serverMicros", "room server"),
      generatorCores,
    ],
  },
  {
    work: "flatness",
    title: "Rooms and clients",
    about: [
      "The relay work, 64 bytes, with 100 messages in flight in all; clients speak in turn, so that each of them and each room is used.",
    ],
    columns: [
      micros("relayMicros", "relay"),
      micros("serverMicros", "server"),
      micros("totalMicros", "together"),
      rate("messages/s"),
      generatorCores,
    ],
  },
  {
    work: "documents",
    title: "Documents",
    about: [
      "Ten Yjs documents of ten members: one of them types, a character when the nine others have the one before. Per update. Roomgate's editor has each",
      "update on disk before anybody sees it; Hocuspocus keeps them in memory.",
    ],
    columns: [
      micros("relayMicros", "relay"),
      micros("serverMicros", "server"),
      micros("totalMicros", "together"),
      rate("updates/s"),
      ms("p50Ms", "until all have it p50"),
      ms("p99Ms", "p99"),
      generatorCores,
    ],
  },
];
