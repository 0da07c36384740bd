export interface Explored {
  readonly worlds: number;
  /** What happened on a shortest way into a world that breaks an invariant; `undefined` if none does. */
  readonly violation: { readonly rule: string; readonly way: readonly string[] } | undefined;
  /** A shortest way into a world from which no good one can be reached any more. */
  readonly deadEnd: readonly string[] | undefined;
}

/**
 * Looks at every world that can be reached from `first`, breadth first. Throws above `worldsMax`: a bound that is met says nothing
 * about what lies behind it.
 */
export function explore<World>(
  first: World,
  next: (world: World) => readonly { readonly name: string; readonly world: World }[],
  /** The rule that the world breaks, if any. */
  broken: (world: World) => string | undefined,
  /** Whether all is well; from everywhere there must be a way to such a world. */
  isGood: (world: World) => boolean,
  worldsMax: number,
): Explored {
  const found = new Map<string, number>();
  const from: { readonly parent: number; readonly name: string }[] = [];
  const before: number[][] = [];
  const good: number[] = [];
  const queue: World[] = [];

  const wayTo = (index: number): string[] => {
    const way: string[] = [];
    for (let at = index; at > 0; ) {
      const step = from[at];
      if (!step) break;
      way.unshift(step.name);
      at = step.parent;
    }
    return way;
  };
  const meet = (world: World, parent: number, name: string): void => {
    const key = JSON.stringify(world);
    const known = found.get(key);
    if (known !== undefined) {
      before[known]?.push(parent);
      return;
    }
    if (found.size >= worldsMax) throw new Error(`more than ${worldsMax} worlds`);
    found.set(key, found.size);
    from.push({ parent, name });
    before.push(parent < 0 ? [] : [parent]);
    queue.push(world);
  };

  meet(first, -1, "");
  for (let index = 0; index < queue.length; index += 1) {
    const world = queue[index] as World;
    const rule = broken(world);
    if (rule !== undefined) return { worlds: found.size, violation: { rule, way: wayTo(index) }, deadEnd: undefined };
    if (isGood(world)) good.push(index);
    for (const successor of next(world)) meet(successor.world, index, successor.name);
  }
  return { worlds: found.size, violation: undefined, deadEnd: firstDeadEnd() };

  function firstDeadEnd(): readonly string[] | undefined {
    const hopeful = new Set(good);
    for (const index of hopeful) for (const parent of before[index] ?? []) hopeful.add(parent);
    for (let index = 0; index < queue.length; index += 1) if (!hopeful.has(index)) return wayTo(index);
    return undefined;
  }
}
