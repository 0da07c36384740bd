import { AggregatorRegistry, Counter, Gauge, Registry } from "prom-client";
import { type PauseHistogram, pauseBoundsMs } from "../wire/pause-histogram.ts";
import type { GatewayReading, ProcessReport, ServerReading } from "./process-report.ts";

/** One number of a report as a metric. Every sample carries the labels `process` and `kind`. */
interface MetricRow<Reading> {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly value: (reading: Reading) => number;
}

const processRows: readonly MetricRow<ProcessReport>[] = [
  gauge("process_resident_bytes", "Memory of the process.", (r) => r.residentBytes),
  gauge("process_heap_used_bytes", "JavaScript heap in use.", (r) => r.heapUsedBytes),
  counter("process_cpu_seconds_total", "CPU time, user and system.", (r) => r.cpuSeconds),
  gauge("process_uptime_seconds", "Time since the process began.", (r) => r.uptimeSeconds),
  gauge(
    "event_loop_lag_mean_seconds",
    "Lateness of the event loop since the last scrape.",
    (r) => r.loopLagMeanMs / 1e3,
  ),
  gauge("event_loop_lag_p99_seconds", "The same, 99th percentile.", (r) => r.loopLagP99Ms / 1e3),
];

const serverRows: readonly MetricRow<ServerReading>[] = [
  gauge("server_rooms", "Rooms that the server has.", (r) => r.rooms),
  gauge("server_sessions", "Sessions in its rooms.", (r) => r.sessions),
  counter("server_messages_up_total", "Messages that reached rooms.", (r) => r.messagesUp),
  counter("server_messages_down_total", "Messages that rooms sent; a broadcast counts once.", (r) => r.messagesDown),
  counter("server_claims_total", "Rooms taken that nobody had, or whose owner was gone.", (r) => r.claims),
  counter("server_moves_in_total", "Rooms moved here.", (r) => r.movesIn),
  counter("server_moves_out_total", "Rooms moved away.", (r) => r.movesOut),
  counter("server_moves_failed_total", "Moves that were called off; the room went on here.", (r) => r.movesFailed),
  counter("server_rooms_lost_total", "Rooms that another server took over from this one.", (r) => r.roomsLost),
  counter("server_rooms_thrown_total", "Rooms closed because their code threw.", (r) => r.roomsThrown),
  counter("server_snapshots_total", "Snapshots stored.", (r) => r.snapshots),
  counter(
    "server_frames_dropped_total",
    "Frames for rooms or epochs that are not here any more.",
    (r) => r.framesDropped,
  ),
  gauge(
    "server_unstored_seconds",
    "What a crash now would cost rooms with an interval: age of the oldest turn that is not in the store.",
    (r) => r.unstoredMs / 1e3,
  ),
  counter("server_ticks_total", "Ticks of rooms.", (r) => r.ticks),
  counter("server_ticks_made_up_total", "Of these, those that came a whole step late.", (r) => r.ticksMadeUp),
  counter("server_ticks_missed_total", "Ticks let go, five steps late or more.", (r) => r.ticksMissed),
];

const gatewayRows: readonly MetricRow<GatewayReading>[] = [
  gauge("gateway_sessions", "Open client sockets.", (r) => r.sessions),
  gauge("gateway_rooms", "Rooms that the gateway has sessions in.", (r) => r.rooms),
  gauge("gateway_rooms_bound", "Of these, those with a running owner.", (r) => r.roomsBound),
  gauge("gateway_held_frames", "Messages kept until their room acknowledges them.", (r) => r.heldFrames),
  counter("gateway_messages_up_total", "Messages of clients.", (r) => r.messagesUp),
  counter("gateway_bytes_up_total", "Bytes of these.", (r) => r.bytesUp),
  counter(
    "gateway_messages_down_total",
    "Messages to clients; a broadcast counts once per member.",
    (r) => r.messagesDown,
  ),
  counter("gateway_bytes_down_total", "Bytes of these.", (r) => r.bytesDown),
  counter("gateway_thinned_total", "Messages left out for slow readers.", (r) => r.thinned),
  counter("gateway_dropped_low_epoch_total", "Frames of owners that lost their room.", (r) => r.droppedLowEpoch),
  counter("gateway_dropped_stale_total", "Frames overtaken by a redirect.", (r) => r.droppedStale),
  counter("gateway_dropped_repeated_total", "Reliable messages that had come already.", (r) => r.droppedRepeated),
  counter("gateway_refused_upgrades_total", "Clients refused before the upgrade.", (r) => r.refusedUpgrades),
];

const labelNames = ["process", "kind"] as const;
type Labels = Readonly<Record<(typeof labelNames)[number], string>>;
/** What each process said of one thing. */
type Readings<Reading> = readonly (readonly [Labels, Reading])[];

/** What a set of processes says, as Prometheus text. Each call has registries of its own: nothing is kept from one to the next. */
export async function writeMetrics(reports: readonly ProcessReport[]): Promise<string> {
  const processes = reports.flatMap((report) => reading(report, report));
  const servers = reports.flatMap((report) => reading(report, report.server));
  const gateways = reports.flatMap((report) => reading(report, report.gateway));
  const registry = new Registry();
  addRows(registry, processRows, processes);
  addRows(registry, serverRows, servers);
  addRows(registry, gatewayRows, gateways);
  addCloses(registry, gateways);
  const pauses = [
    pauseFamily(
      "roomgate_server_move_pause_seconds",
      "Standstill of rooms that the server moved away, as it saw it.",
      servers.map(([labels, server]) => [labels, server.movePauses]),
    ),
    pauseFamily(
      "roomgate_gateway_room_pause_seconds",
      "How long rooms that had an owner were without a running one, as clients felt it.",
      gateways.map(([labels, gateway]) => [labels, gateway.pauses]),
    ),
  ];
  // A histogram of the library counts for itself; one that has been counted elsewhere comes in as from a worker of a cluster.
  const counted = AggregatorRegistry.aggregate<typeof registry.contentType>([
    pauses.filter(({ values }) => values.length > 0),
  ]);
  return Registry.merge([registry, counted]).metrics();
}

function reading<Reading>(report: ProcessReport, value: Reading | undefined): Readings<Reading> {
  return value === undefined ? [] : [[{ process: report.id, kind: report.kind }, value]];
}

/** A family that nobody has anything to say of is left out. */
function addRows<Reading>(registry: Registry, rows: readonly MetricRow<Reading>[], readings: Readings<Reading>): void {
  if (readings.length === 0) return;
  for (const { name, type, help, value } of rows) {
    const metric = { name, help, labelNames, registers: [registry] };
    if (type === "gauge") {
      const gauge = new Gauge(metric);
      for (const [labels, said] of readings) gauge.set(labels, value(said));
    } else {
      const counter = new Counter(metric);
      for (const [labels, said] of readings) counter.inc(labels, value(said));
    }
  }
}

function addCloses(registry: Registry, gateways: Readings<GatewayReading>): void {
  if (!gateways.some(([, gateway]) => gateway.closes.length > 0)) return;
  const counter = new Counter({
    name: "roomgate_gateway_closes_total",
    help: "Closed client sockets by close code, whoever closed.",
    labelNames: [...labelNames, "code"] as const,
    registers: [registry],
  });
  for (const [labels, { closes }] of gateways)
    for (const [code, count] of closes) counter.inc({ ...labels, code }, count);
}

function pauseFamily(name: string, help: string, readings: Readings<PauseHistogram>) {
  const values = readings.flatMap(([labels, { count, sumMs, counts }]) => {
    let upTo = 0;
    const buckets = pauseBoundsMs.map((boundMs, index) => {
      upTo += counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: boundMs / 1e3 }, value: upTo };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count },
      { metricName: `${name}_sum`, labels, value: sumMs / 1e3 },
      { metricName: `${name}_count`, labels, value: count },
    ];
  });
  return { name, help, type: "histogram", aggregator: "sum", values };
}

function gauge<Reading>(name: string, help: string, value: (reading: Reading) => number): MetricRow<Reading> {
  return { name: `roomgate_${name}`, type: "gauge", help, value };
}

function counter<Reading>(name: string, help: string, value: (reading: Reading) => number): MetricRow<Reading> {
  return { name: `roomgate_${name}`, type: "counter", help, value };
}
