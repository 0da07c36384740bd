import { type MetricFamily, type Sample, writeExposition } from "./exposition.ts";
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

/** What a set of processes says, as Prometheus text. */
export function writeMetrics(reports: readonly ProcessReport[]): string {
  const servers = reports.flatMap((report) => reading(report, report.server));
  const gateways = reports.flatMap((report) => reading(report, report.gateway));
  return writeExposition([
    ...processRows.map((row) =>
      familyOf(
        row,
        reports.flatMap((report) => reading(report, report)),
      ),
    ),
    ...serverRows.map((row) => familyOf(row, servers)),
    {
      name: "roomgate_server_move_pause_seconds",
      type: "summary",
      help: "Standstill of rooms that the server moved away, as it saw it; over its newest 1024 moves.",
      samples: servers.flatMap(([labels, server]) => summaryOf(labels, server.movePausesMs, server.movesOut)),
    },
    ...gatewayRows.map((row) => familyOf(row, gateways)),
    {
      name: "roomgate_gateway_closes_total",
      type: "counter",
      help: "Closed client sockets by close code, whoever closed.",
      samples: gateways.flatMap(([labels, gateway]) =>
        gateway.closes.map(([code, value]) => ({ labels: { ...labels, code }, value })),
      ),
    },
    {
      name: "roomgate_gateway_room_pause_seconds",
      type: "histogram",
      help: "How long rooms that had an owner were without a running one, as clients felt it.",
      samples: gateways.flatMap(([labels, gateway]) => histogramOf(labels, gateway.pauses)),
    },
  ]);
}

type Labels = Readonly<Record<string, string>>;

function reading<Reading>(report: ProcessReport, value: Reading | undefined): readonly [Labels, Reading][] {
  return value === undefined ? [] : [[{ process: report.id, kind: report.kind }, value]];
}

function familyOf<Reading>(row: MetricRow<Reading>, readings: readonly (readonly [Labels, Reading])[]): MetricFamily {
  const { name, type, help } = row;
  return { name, type, help, samples: readings.map(([labels, value]) => ({ labels, value: row.value(value) })) };
}

function summaryOf(labels: Labels, pausesMs: readonly number[], count: number): Sample[] {
  if (pausesMs.length === 0) return [];
  const sorted = [...pausesMs].sort((a, b) => a - b);
  const at = (quantile: number) => (sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0) / 1e3;
  return [
    ...[0.5, 0.9, 0.99].map((quantile) => ({ labels: { ...labels, quantile }, value: at(quantile) })),
    { suffix: "_count" as const, labels, value: count },
  ];
}

function histogramOf(labels: Labels, pauses: GatewayReading["pauses"]): Sample[] {
  let upTo = 0;
  const buckets = pauses.boundsMs.map((boundMs, index) => {
    upTo += pauses.counts[index] ?? 0;
    return { suffix: "_bucket" as const, labels: { ...labels, le: boundMs / 1e3 }, value: upTo };
  });
  return [
    ...buckets,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: pauses.count },
    { suffix: "_sum", labels, value: pauses.sumMs / 1e3 },
    { suffix: "_count", labels, value: pauses.count },
  ];
}

function gauge<Reading>(name: string, help: string, value: (reading: Reading) => number): MetricRow<Reading> {
  return { name: `roomgate_${name}`, type: "gauge", help, value };
}

function counter<Reading>(name: string, help: string, value: (reading: Reading) => number): MetricRow<Reading> {
  return { name: `roomgate_${name}`, type: "counter", help, value };
}
