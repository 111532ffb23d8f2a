import type { SinkStatus } from '../delivery/sink-status.ts';
import type { EventOutput } from './event-output.ts';
import { counter, gauge, type Metric, samples } from './metrics.ts';

/** What becomes of events, for each sink. */
export function deliveryMetrics(output: EventOutput): readonly Metric[] {
  const ofSinks = (read: (status: SinkStatus) => number) => () =>
    samples(
      'sink',
      output.statuses.map((status) => [status.name, read(status)] as const),
    );
  return [
    counter(
      'dbaudit_sink_events_total',
      'Events that a receiver has taken.',
      ofSinks(({ sentEvents }) => sentEvents),
    ),
    counter(
      'dbaudit_sink_bytes_total',
      'Bytes of those events, before compression.',
      ofSinks(({ sentBytes }) => sentBytes),
    ),
    counter(
      'dbaudit_sink_batches_total',
      'Batches that a receiver has taken.',
      ofSinks(({ sentBatches }) => sentBatches),
    ),
    counter(
      'dbaudit_sink_retries_total',
      'Writes that failed and are tried again.',
      ofSinks(({ retries }) => retries),
    ),
    counter(
      'dbaudit_sink_quarantined_events_total',
      'Events that a receiver refused for good.',
      ofSinks(({ quarantinedEvents }) => quarantinedEvents),
    ),
    counter(
      'dbaudit_sink_dropped_events_total',
      'Events dropped for want of room.',
      ofSinks(({ droppedEvents }) => droppedEvents),
    ),
    gauge(
      'dbaudit_sink_waiting_events',
      'Events that the receiver does not have yet.',
      ofSinks(({ waitingEvents }) => waitingEvents),
    ),
    gauge(
      'dbaudit_sink_waiting_bytes',
      'Bytes of those events.',
      ofSinks(({ waitingBytes }) => waitingBytes),
    ),
    gauge(
      'dbaudit_sink_spool_bytes',
      'Size of the spool on disk.',
      ofSinks(({ spoolBytes }) => spoolBytes),
    ),
    gauge(
      'dbaudit_sink_lag_seconds',
      'Age of the oldest event that waits.',
      ofSinks(({ lagMillis }) => lagMillis / 1000),
    ),
    gauge(
      'dbaudit_sink_misconfigured',
      '1 while nothing can be sent until somebody mends the configuration or the receiver.',
      ofSinks(({ problem }) => (problem?.kind === 'misconfigured' ? 1 : 0)),
    ),
    gauge(
      'dbaudit_sink_unavailable',
      '1 while the receiver does not take events.',
      ofSinks(({ problem }) => (problem?.kind === 'unavailable' ? 1 : 0)),
    ),
    gauge(
      'dbaudit_sink_spool_unavailable',
      '1 while the spool cannot be used and events wait in memory alone.',
      ofSinks(({ spoolProblem }) => (spoolProblem === undefined ? 0 : 1)),
    ),
  ];
}
