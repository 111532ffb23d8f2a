import type { Agent } from './assemble.ts';
import type { PacketSource } from './capture/packet-source.ts';
import { deliveryMetrics } from './delivery-metrics.ts';
import type { InputCounts } from './file-input/file-inputs.ts';
import { counter, gauge, type Metric, processMetrics, type Sample, samples } from './metrics.ts';

/** Every figure the agent shows. Each is read from the part that counts it, when it is asked for. */
export function agentMetrics(
  { pipeline, output, sessions, excluded }: Agent,
  source: PacketSource,
  inputs: readonly InputCounts[],
): readonly Metric[] {
  const { counters: tcp } = pipeline.reassembler;
  const { counts } = output;
  return [
    counter(
      'dbaudit_packets_received_total',
      'Packets that passed the capture filter, those dropped included.',
      () => source.counters().received,
    ),
    counter(
      'dbaudit_packets_dropped_total',
      'Packets that the kernel or the source dropped for want of room.',
      () => source.counters().dropped,
    ),
    counter('dbaudit_tcp_segments_total', 'TCP segments taken in.', () => tcp.segments),
    counter(
      'dbaudit_tcp_out_of_order_segments_total',
      'Segments that had to wait for an earlier one, or for what they answer.',
      () => tcp.outOfOrderSegments,
    ),
    counter('dbaudit_tcp_retransmitted_bytes_total', 'Payload seen more than once.', () => tcp.retransmittedBytes),
    counter('dbaudit_tcp_gaps_total', 'Holes in captured connections that were declared lost.', () => tcp.gaps),
    counter('dbaudit_tcp_gap_bytes_total', 'Payload bytes declared lost.', () => tcp.gapBytes),
    counter(
      'dbaudit_tcp_implausible_segments_total',
      'Segments whose numbers no sender would use.',
      () => tcp.implausibleSegments,
    ),
    counter(
      'dbaudit_tcp_connections_opened_total',
      'Connections followed since the start.',
      () => tcp.connectionsOpened,
    ),
    counter(
      'dbaudit_tcp_connections_evicted_total',
      'Connections given up for want of room.',
      () => tcp.connectionsEvicted,
    ),
    gauge('dbaudit_tcp_connections', 'Connections followed now.', () => tcp.connectionsOpen),
    gauge('dbaudit_tcp_half_open_connections', 'Connection attempts without an answer so far.', () => tcp.halfOpen),
    gauge(
      'dbaudit_tcp_buffered_bytes',
      'Bytes held back while something before them is missing.',
      () => tcp.bufferedBytes,
    ),
    counter('dbaudit_sessions_total', 'Connections whose protocol was recognised.', () =>
      samples('protocol', sessions.recognized),
    ),
    counter('dbaudit_sessions_blind_total', 'Sessions of which nothing more could be seen, by reason.', () =>
      samples('reason', counts.blindSessions),
    ),
    counter('dbaudit_statements_total', 'Statements reported.', () => samples('protocol', counts.statements)),
    counter(
      'dbaudit_statements_failed_total',
      'Statements that the database answered with an error.',
      () => counts.statementsFailed,
    ),
    counter('dbaudit_statements_unseen_total', 'Statements whose answer was not seen.', () => counts.statementsUnseen),
    counter('dbaudit_logins_total', 'Attempts to log in.', () => counts.logins),
    counter('dbaudit_logins_failed_total', 'Attempts to log in that were refused.', () => counts.loginsFailed),
    counter('dbaudit_events_total', 'Events made.', () => counts.events),
    counter(
      'dbaudit_events_excluded_total',
      'Events left out because the configuration says so.',
      () => excluded.events,
    ),
    counter('dbaudit_input_lines_total', 'Lines read from log files.', () => ofInputs(inputs, ({ lines }) => lines)),
    counter(
      'dbaudit_input_lines_not_understood_total',
      'Lines of log files that were not of the format configured, too long or unfinished.',
      () => ofInputs(inputs, ({ notUnderstood }) => notUnderstood),
    ),
    counter(
      'dbaudit_input_interruptions_total',
      'Log files that did not go on where they had been read last: lines may be missing.',
      () => ofInputs(inputs, ({ interruptions }) => interruptions),
    ),
    ...deliveryMetrics(output),
    ...processMetrics(),
  ];
}

function ofInputs(inputs: readonly InputCounts[], figure: (counts: InputCounts) => number): readonly Sample[] {
  return samples(
    'path',
    inputs.map((counts) => [counts.path, figure(counts)]),
  );
}
