/** Seeds of random simulations that have found something, and what it was. They run first, for ever. */
export const rememberedSeeds: Readonly<Record<"random-moves" | "cluster", readonly number[]>> = {
  "random-moves": [
    // A memory room that had moved and not had a turn since was let go without its state.
    2, 22,
    // A source whose takeover was answered `unknown` went on with the position from before it.
    1081, 1414,
  ],
  cluster: [
    // A takeover of a memory room was decided during a silence and landed after it: its two owners never learned of each other.
    1773,
    // A server that had stood still was taken for lost by a look from before it claimed a room.
    611, 712,
    // A trunk's timer fired before the moment for which it was set, by a rounded sum, and was set again for no time at all.
    810,
    // A full server was sent every room back whose head it had not been able to release.
    315,
    // A source that won its head again without hearing so wrote one more record behind the epoch before.
    7134,
    // That a dead process refused, heard late by a server that had stood still, counted against the one started under its id since.
    22994,
    // A room said of a session whose join was not durable yet that it did not know it: the gateway closed it, and it stayed in the room.
    21523,
    // A living server that was taken for dead ran its rooms on for ever: the gateway that asked it again knew better, and was not heard.
    16715,
    // A room server gave up the sessions of a gateway that it was cut off from as soon as its own clock jumped by a minute.
    509852,
    521924, 524693, 536890,
    // A room answered that it had heard something before that was durable: the turn that heard it had nothing to say, and was not waited for.
    179,
    439,
    // What was told to a room that nobody ran went for ever to the server of its first choice, which was full.
    89, 64,
    // What became durable in the moment in which there was nothing left to carry to a room was never carried.
    2965, 9856, 701553,
    // What a room told in its first turns at a new owner was carried before it was durable.
    706196,
    // A room was let go before it had settled what it told: who had heard it kept a place for it.
    115,
    // A word to the store without a record was under way while the room's head was won again: fenced, it stopped the room for good.
    1000102,
    // A snapshot was under way while the room's head was won again: fenced, it threw away the room that had just gone on.
    1081336,
  ],
};
