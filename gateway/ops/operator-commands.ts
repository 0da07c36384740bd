import type { Command } from "commander";
import { RoomgateError } from "../wire/errors.ts";
import { type AdminClient, createAdminClient, matchId } from "./admin-client.ts";
import { writeTable } from "./text-table.ts";

interface OperatorFlags {
  readonly admin?: string;
  readonly json?: boolean;
}

interface RoomsFlags extends OperatorFlags {
  readonly app?: string;
  readonly server?: string;
  readonly limit?: string;
}

type Print = (text: string) => void;

/** As the admin side has it. */
const roomsLimitDefault = 1000;

/** `status`, `rooms`, `drain`, `move`, `skip`: what an operator asks of a running cluster. `adminUrl` is where it is unless `--admin` says otherwise. */
export function addOperatorCommands(program: Command, adminUrl: () => string, print: Print): void {
  const clientOf = (flags: OperatorFlags): AdminClient => createAdminClient(flags.admin ?? adminUrl());
  const command = (name: string, help: string): Command =>
    program
      .command(name)
      .description(help)
      .option("--admin <url>", "admin side of the cluster [ROOMGATE_ADMIN]")
      .option("--json", "for machines");

  command("status", "servers and gateways of a running cluster").action(async (flags: OperatorFlags) => {
    const client = clientOf(flags);
    const [servers, gateways] = await Promise.all([client.servers(), client.gateways()]);
    if (flags.json) return print(JSON.stringify({ servers, gateways }));
    print(writeTable(servers, ["id", "state", "rooms", "sessions", "weight", "pid", "address"]));
    print("");
    print(writeTable(gateways, ["id", "sessions", "pid", "address"]));
  });

  command("rooms", "which server has which room")
    .option("--app <name>", "only rooms of this app")
    .option("--server <id>", "only rooms of this server")
    .option("--limit <count>", `at most so many; default ${roomsLimitDefault}`)
    .action(async ({ app, server, limit, ...flags }: RoomsFlags) => {
      const client = clientOf(flags);
      const query = {
        ...(app === undefined ? {} : { app }),
        ...(server === undefined ? {} : { server: await serverOf(client, server) }),
        ...(limit === undefined ? {} : { limit }),
      };
      const rooms = await client.rooms(query);
      if (flags.json) return print(JSON.stringify(rooms));
      if (rooms.length === 0)
        return print(app === undefined && server === undefined ? "no room runs" : "no such room runs");
      print(writeTable(rooms, ["room", "server", "epoch", "sessions"]));
      if (rooms.length === Number(limit ?? roomsLimitDefault))
        print("there may be more; --limit says how many to show");
    });

  command("drain", "let a server go: its rooms move away, then it exits")
    .argument("<server>", "its id, or a beginning of it that no other has")
    .action(async (text: string, flags: OperatorFlags) => {
      const client = clientOf(flags);
      const server = await serverOf(client, text);
      await client.drain(server);
      print(flags.json ? JSON.stringify({ server }) : `${server} drains; \`roomgate status\` shows how far it is`);
    });

  command("move", "move one room to another server")
    .argument("<room>", "as app/id")
    .argument("<server>", "its id, or a beginning of it that no other has")
    .action(async (room: string, text: string, flags: OperatorFlags) => {
      assertRoom(room);
      const client = clientOf(flags);
      const report = await client.move(room, await serverOf(client, text));
      const { from, to, epoch, pauseMs } = report;
      if (flags.json) return print(JSON.stringify(report));
      print(`${room} moved from ${from} to ${to}: epoch ${epoch}, it stood still for ${pauseMs.toFixed(1)} ms`);
    });

  command("skip", "run a room again that cannot be recovered: leaves out for good what cannot be done of one record")
    .argument("<room>", "as app/id")
    .argument("<record>", "its position in the room's journal, as the server's log names it")
    .action(async (room: string, text: string, flags: OperatorFlags) => {
      assertRoom(room);
      const record = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      if (!Number.isSafeInteger(record))
        throw new RoomgateError("record-bad", `a record is a whole number, and this is ${text}`);
      const report = await clientOf(flags).skip(room, record);
      if (flags.json) return print(JSON.stringify(report));
      print(
        `${room} runs at ${report.server}, epoch ${report.epoch}, without what could not be done of record ${record}`,
      );
    });
}

function assertRoom(room: string): void {
  if (!room.includes("/")) throw new RoomgateError("room-bad", `a room is <app>/<id>, and this is ${room}`);
}

async function serverOf(client: AdminClient, text: string): Promise<string> {
  const servers = await client.servers();
  return matchId(
    text,
    servers.filter((server) => server.state !== "lost").map((server) => server.id),
  );
}
