/**
 * Prometheus' text format, version 0.0.4.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

/** One line of a metric that has labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric whose figures are read when it is asked for, so that counting costs nothing more. */
export interface Metric {
  readonly name: string;
  /** Counters only grow, and their names end in `_total`. */
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  read(): number | readonly Sample[];
}

export function counter(name: string, help: string, read: Metric['read']): Metric {
  return { name, help, type: 'counter', read };
}

export function gauge(name: string, help: string, read: Metric['read']): Metric {
  return { name, help, type: 'gauge', read };
}

/** A figure for each value of one label. */
export function samples(label: string, counts: Iterable<readonly [string, number]>): readonly Sample[] {
  return Array.from(counts, ([name, value]) => ({ labels: { [label]: name }, value }));
}

/** The content type of what `metricsText` gives. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Reads every metric. Those without samples are left out. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map(metricText).join('');
}

function metricText({ name, type, help, read }: Metric): string {
  const figures = read();
  const samples = typeof figures === 'number' ? [{ labels: {}, value: figures }] : figures;
  if (samples.length === 0) return '';
  const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
  return head + samples.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}\n`).join('');
}

function labelText(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** What every process shows of itself, under the names that Prometheus' own clients use. */
export function processMetrics(): readonly Metric[] {
  return [
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'User and system time spent, in seconds.',
      read: () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
    },
    {
      name: 'process_resident_memory_bytes',
      type: 'gauge',
      help: 'Memory in use, in bytes.',
      read: () => process.memoryUsage.rss(),
    },
    {
      name: 'process_start_time_seconds',
      type: 'gauge',
      help: 'When the process started, in seconds since 1970.',
      read: () => performance.timeOrigin / 1000,
    },
  ];
}
