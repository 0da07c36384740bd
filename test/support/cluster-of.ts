import type { AppDefinition, Room, RoomContext } from "../../gateway/room/sdk.ts";
import { VirtualCluster, type VirtualClusterOptions } from "./virtual-cluster.ts";

export interface ClusterShape extends Omit<VirtualClusterOptions, "apps"> {
  /** Default 2: `s1`, `s2`, … */
  readonly servers?: number;
  /** Default 1: `g1`, `g2`, … */
  readonly gateways?: number;
  /** Of the only app, `room`, besides its rooms. */
  readonly app?: Partial<AppDefinition>;
}

/** A cluster of one app, `room`, of durability memory, whose members know each other. */
export async function clusterOf(
  create: (room: RoomContext) => Room,
  shape: ClusterShape = {},
): Promise<VirtualCluster> {
  const { servers = 2, gateways = 1, app, ...options } = shape;
  const world = new VirtualCluster({ ...options, apps: { room: { durability: "memory", create, ...app } } });
  for (let index = 1; index <= servers; index += 1) await world.addServer(`s${index}`);
  for (let index = 1; index <= gateways; index += 1) await world.addGateway(`g${index}`);
  await world.advance(1_500);
  return world;
}

/** A server that does not own the room. */
export async function otherThanOwner(world: VirtualCluster, room: string): Promise<string> {
  const owner = await world.ownerOf(room);
  const other = [...world.servers.keys()].find((id) => id !== owner);
  if (owner === null || other === undefined) throw new Error(`${room} has no owner, or there is no other server`);
  return other;
}

/** Moves the room to some other server and waits for the outcome. */
export async function moveAway(world: VirtualCluster, room: string, target?: string) {
  const to = target ?? (await otherThanOwner(world, room));
  const moving = world.move(room, to);
  if (!moving) throw new Error(`${room} does not run anywhere`);
  return world.settle(moving);
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
