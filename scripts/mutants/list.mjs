/**
 * Deliberate faults, each in one place, and the suite that must notice it. `find` must stand exactly once in `file`; `suite` is either
 * `simulation`, as many seeds as it takes up to `seeds`, or the vitest files to run.
 */
export const mutants = [
  // The four of DESIGN 3.
  {
    name: "append without a guard",
    file: "gateway/store/memory/memory-store.ts",
    find: "if (state === undefined || !isAt(state, request.expect)) return fenced(state);",
    replace: "if (state === undefined) return fenced(state);",
    suite: "simulation",
  },
  {
    name: "ack before append",
    file: "gateway/room/output-gate.ts",
    find: "    this.#turn.push(held);",
    replace: '    if (held.kind === "ack") this.#emit(held);\n    else this.#turn.push(held);',
    suite: "simulation",
  },
  {
    name: "no deduplication from the journal",
    file: "gateway/room/room-replay.ts",
    find: "    member.position = cseq;\n    member.acked = cseq;",
    replace: "    void cseq;",
    suite: "simulation",
  },
  {
    name: "a move commits on the epoch alone",
    file: "gateway/store/memory/memory-store.ts",
    find: "state === undefined || !isAt(state, expect)) return fenced(state);\n  const room",
    replace: "state === undefined || state.epoch !== expect.epoch) return fenced(state);\n  const room",
    suite: "simulation",
  },

  {
    name: "a reset connection counts as death",
    file: "gateway/room/owner-standing.ts",
    find: 'if (answer !== "refused") return "silent";',
    replace: 'if (answer !== "refused" && answer !== "reset") return "silent";',
    suite: ["test/simulation/one-owner.test.ts"],
  },

  {
    name: "the client's request is kept with its session",
    file: "gateway/room/roster.ts",
    find: "cseq: Cseq, { protocol }: JoinInfo): Member {",
    replace: "cseq: Cseq, { query: protocol }: JoinInfo): Member {",
    suite: ["test/simulation/join-requests.test.ts"],
  },

  {
    name: "what is attached to a session can be changed in place",
    file: "gateway/room/attachment.ts",
    find: "return Object.freeze(value);",
    replace: "return value;",
    suite: ["test/simulation/attachments.test.ts"],
  },

  {
    name: "a client is excused what gateways hold by default",
    file: "gateway/room/talk-limits.ts",
    find: "this.#perSecond + member.channel.hold.framesMax",
    replace: "this.#perSecond + 1_024",
    suite: ["test/simulation/held-talk.test.ts"],
  },

  {
    name: "a trunk's end withdraws nothing that waits",
    file: "gateway/room/gateway-handler.ts",
    find: "    for (const channel of [...this.#waiting.keys()]) this.#withdraw(channel);\n",
    replace: "",
    suite: ["test/simulation/withdrawn-binds.test.ts"],
  },
  {
    name: "a room that becomes hotter while it waits to be read stays where it is",
    file: "gateway/room/hottest-first.ts",
    find: "    this.#rise(entry);\n    this.#sink(entry);",
    replace: "    void this.#rise;",
    suite: ["test/unit/room/recovery-queue.test.ts"],
  },

  // The store's answers.
  {
    name: "the store answers before it has taken the append",
    file: "test/support/simulation/simulated-store.ts",
    find: "          requests.map((request) =>\n            this.#change(user, true, async () => {\n              const [answer = unknown] = await engine.append([request]);\n              truth.append(process, request, answer);\n              return answer;\n            }),\n          ),",
    replace:
      '          requests.map(async (request) => {\n            void this.#change(user, true, async () => {\n              const [answer = unknown] = await engine.append([request]);\n              truth.append(process, request, answer);\n              return answer;\n            });\n            return { kind: "appended", tail: request.expect.tail + request.records.length } as const;\n          }),',
    suite: "simulation",
  },
  {
    name: "an unknown append counts as appended",
    file: "gateway/room/committer.ts",
    find: '    if (answer.kind === "appended") {\n      this.#free(client);',
    replace:
      '    if (answer.kind === "unknown") {\n      answer = { kind: "appended", tail: request.expect.tail + request.records.length };\n    }\n    if (answer.kind === "appended") {\n      this.#free(client);',
    suite: "simulation",
  },
  {
    name: "an unknown append is repeated behind whatever is there",
    file: "gateway/room/committer.ts",
    find: "        this.#settleFenced(client, request, head);\n        return;\n      }\n    }",
    replace:
      "        if (head && head.epoch === request.expect.epoch) request = { ...request, expect: head };\n        else {\n          this.#settleFenced(client, request, head);\n          return;\n        }\n      }\n    }",
    suite: "simulation",
  },
  {
    name: "an unknown append is given up",
    file: "gateway/room/committer.ts",
    find: "    const [again] = await this.#store.append([request]);",
    replace:
      '    if (was === "unknown") {\n      this.#settleFenced(client, request, undefined);\n      return;\n    }\n    const [again] = await this.#store.append([request]);',
    suite: ["test/unit/room/committer.test.ts"],
  },
  {
    name: "a late snapshot replaces a newer one",
    file: "gateway/store/memory/memory-store.ts",
    find: "if (state.snapshot !== undefined && state.snapshot.position > snapshot.position)",
    replace: "if (state.snapshot !== undefined && state.snapshot.position < 0)",
    suite: "simulation",
  },

  // Snapshots and trimming.
  {
    name: "a snapshot is stored before its record is durable",
    file: "gateway/room/snapshot-keeper.ts",
    find: "      journal.whenDurable(record, resolve);\n    });\n    if (journal.head.tail < record) return;",
    replace: "      resolve();\n    });",
    suite: "simulation",
  },
  {
    name: "the journal is trimmed beyond the snapshot",
    file: "gateway/room/snapshot-keeper.ts",
    find: "trimJournal(this.#key, epoch, record)",
    replace: "trimJournal(this.#key, epoch, record + 1)",
    suite: "simulation",
  },

  // Rooms whose output does not wait.
  {
    name: "an interval lasts longer than it says",
    file: "gateway/room/room-journal.ts",
    find: "this.#runtime.after(this.#intervalMs, () => {",
    replace: "this.#runtime.after(this.#intervalMs * 5, () => {",
    suite: "simulation",
  },
  {
    name: "a line of messages that were not kept goes on after a crash",
    file: "gateway/room/live-room.ts",
    find: "new RoomOutbox(this.#journaled?.isGated ? 1 : epoch,",
    replace: "new RoomOutbox(this.#journaled ? 1 : epoch,",
    suite: "simulation",
  },

  // Recovery and sessions.
  {
    name: "recovery forgets who is in",
    file: "gateway/room/room-replay.ts",
    find: "    channel.members.set(number, member);\n    sessions.set(member.id, member);",
    replace: "    void [channel, sessions];",
    suite: "simulation",
  },
  {
    name: "a member is forgotten before its gateway has heard so",
    file: "gateway/room/gateway-channel.ts",
    find: "    this.#link?.whenHeard(() => {\n      if (this.members.get(member.number) !== member) return;\n      this.members.delete(member.number);\n      forgotten(member);\n    });",
    replace: "    this.members.delete(member.number);\n    forgotten(member);",
    suite: ["test/simulation/outages.test.ts"],
  },
  {
    name: "a session that was given up goes on",
    file: "gateway/room/bound-message.ts",
    find: "isGated && acked > 0 ? positionGivenUp : 0",
    replace: "isGated && acked < 0 ? positionGivenUp : 0",
    suite: "simulation",
  },
  {
    name: "a gateway is told of a join that is not durable",
    file: "gateway/room/roster.ts",
    find: "    if (journaled?.isGated) member.acked = 0;",
    replace: "",
    suite: ["test/simulation/commits.test.ts"],
  },

  // Gateways.
  {
    name: "what was held is not sent again after a rebind",
    file: "gateway/edge/up-buffer.ts",
    find: "    if (position > this.#acked) this.#drop(position - this.#acked);\n    this.#sent = 0;",
    replace: "    if (position > this.#acked) this.#drop(position - this.#acked);",
    suite: "simulation",
  },
  {
    name: "what was shown already is shown again",
    file: "gateway/edge/down-line.ts",
    find: "    if (rseq <= this.#seen) return false;",
    replace: "",
    suite: ["test/unit/edge"],
  },
  {
    name: "what was sent is not sent again after a rebind",
    file: "gateway/room/live-room.ts",
    find: "    if (!gap) this.#outbox.sendAfter(channel, from);",
    replace: "",
    suite: "simulation",
  },
  {
    name: "a gateway shows what a lower epoch says",
    file: "gateway/edge/edge-room.ts",
    find: "    if (epoch === this.#epoch && epoch >= this.#known.epochSeen) return true;",
    replace: "    if (epoch > 0) return true;",
    suite: ["test/unit/edge"],
  },
  {
    name: "a gateway binds to an owner of a lower epoch",
    file: "gateway/edge/room-binding.ts",
    find: "  return epoch < known.epochSeen;",
    replace: "  return epoch < known.epochSeen - 1_000;",
    suite: ["test/unit/edge"],
  },

  {
    name: "a gateway does not count down what was acknowledged",
    file: "gateway/edge/edge-room.ts",
    find: "      this.#up.free(up.ack(readNumber(pairs, at + numberBytes)));\n      this.#setting.stats.heldFrames += up.count - before;",
    replace: "      this.#up.free(up.ack(readNumber(pairs, at + numberBytes)));\n      void before;",
    suite: "simulation",
  },

  // Ownership and membership.
  {
    name: "a source goes on without having won the head again",
    file: "gateway/cluster/ownership.ts",
    find: "    moveCalledOff: (state) => reclaim(state.epoch),",
    replace: "    moveCalledOff: (state) => resume(state.epoch),",
    suite: "simulation",
  },
  {
    name: "after a silence a room goes on without asking who owns it",
    file: "gateway/cluster/ownership.ts",
    find: "isMine(event.head, event.me, state.epoch) ? reclaim(state.epoch) : lostTo(event.head)),\n    storeUnknown",
    replace: "(event.head ? resume(state.epoch) : lostTo(event.head))),\n    storeUnknown",
    suite: ["test/unit/cluster", "test/property/cluster"],
  },
  {
    name: "after a silence a head is found and not won again",
    file: "gateway/cluster/ownership.ts",
    find: "isMine(event.head, event.me, state.epoch) ? reclaim(state.epoch) : lostTo(event.head)),\n    storeUnknown",
    replace: "isMine(event.head, event.me, state.epoch) ? resume(state.epoch) : lostTo(event.head)),\n    storeUnknown",
    suite: ["test/simulation/one-owner.test.ts"],
  },
  {
    name: "a takeover that lands in a silence is run all the same",
    file: "gateway/cluster/ownership.ts",
    find: "(event.mayBeLost ? verify(state.at.epoch) : resume(state.at.epoch))",
    replace: "(event.mayBeLost ? resume(state.at.epoch) : resume(state.at.epoch))",
    suite: ["test/simulation/one-owner.test.ts"],
  },
  {
    name: "a server that is full does not take back what is its own",
    file: "gateway/cluster/ownership.ts",
    find: '!(claim === "full" && standing === "me")',
    replace: '!(claim === "full" && standing === "nobody")',
    suite: ["test/property/cluster/ownership.test.ts"],
  },
  {
    name: "between two tries to win a head again more is written",
    file: "gateway/room/room-cell.ts",
    find: "this.#live && !isRetry",
    replace: "this.#live",
    suite: ["test/simulation/one-owner.test.ts"],
  },
  {
    name: "an owner does not hear that a gateway knows of a later one",
    file: "gateway/room/room-cell.ts",
    find: "epochSeen > this.#state.epoch",
    replace: "epochSeen < 0",
    suite: ["test/simulation/one-owner.test.ts"],
  },
  {
    name: "leases run on the wall clock",
    file: "gateway/store/member-agent.ts",
    find: "    const askedMs = runtime.nowMs();",
    replace: "    const askedMs = Date.now();",
    suite: "simulation",
  },
  {
    name: "a slow look makes others look dead",
    file: "gateway/cluster/membership.ts",
    find: "    ? { leaseFromMs: context.look.answeredMs, excused: false }",
    replace: "    ? { leaseFromMs: context.look.askedMs - 2_000, excused: false }",
    suite: ["test/unit/cluster", "test/property/cluster"],
  },
  {
    name: "what a turn that failed has said is shown",
    file: "gateway/room/output-gate.ts",
    find: "  failTurn(): void {\n    this.#turn = [];",
    replace: "  failTurn(): void {\n    this.endTurn(0);",
    suite: ["test/unit/room"],
  },

  // Rooms of the house, and what their apps may ask.
  {
    name: "an app's messages a second are not held",
    file: "gateway/room/talk-limits.ts",
    find: "    if (bucket.tokens < 1) return false;",
    replace: "    if (bucket.tokens < Number.NEGATIVE_INFINITY) return false;",
    suite: ["test/simulation/room-turns.test.ts"],
  },
  {
    name: "what a gateway has held counts as too much at once",
    file: "gateway/room/talk-limits.ts",
    find: "this.#perSecond + member.channel.hold.framesMax",
    replace: "this.#perSecond",
    suite: ["test/simulation/room-turns.test.ts"],
  },
  {
    name: "a player that comes back goes on with the steps of its old connection",
    file: "demo-game/server/arena-room.ts",
    find: "    this.#world.figures.get(number)?.queue.beginAnew();\n",
    replace: "",
    suite: ["test/unit/demo-game"],
  },
  {
    name: "each connection brings the steps of a quarter of a second",
    file: "demo-game/server/step-queue.ts",
    find: "    this.#lastReceived = 0;\n    this.#steps = [];",
    replace: "    this.#lastReceived = 0;\n    this.#steps = [];\n    this.#allowance = allowanceMax / 2;",
    suite: ["test/unit/demo-game"],
  },
  {
    name: "a thing goes to whoever takes it last",
    file: "demo-game/server/rules/ledger.ts",
    find: "    if (item.holder !== undefined) return false;\n",
    replace: "",
    suite: ["test/unit/demo-game"],
  },
  {
    name: "a session may speak for another one's client",
    file: "demo-editor/server/presence.ts",
    find: "      if (known !== undefined && owner !== session) continue;\n",
    replace: "",
    suite: ["test/unit/demo-editor"],
  },
  {
    name: "a full document takes more in",
    file: "demo-editor/server/document-room.ts",
    find: "    if (this.#log.bytes + update.length > bytesMax) return refusals.full;\n",
    replace: "",
    suite: ["test/unit/demo-editor"],
  },
  {
    name: "a reader's changes are taken",
    file: "demo-editor/server/document-room.ts",
    find: "    if (!standingOf(session).isWriter) return refusals.readsOnly;\n",
    replace: "",
    suite: ["test/unit/demo-editor"],
  },
];
