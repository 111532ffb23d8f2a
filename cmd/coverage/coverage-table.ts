import { formatAge } from '../duration.ts';
import { workloadKindOf } from '../kubernetes/workload-kinds.ts';
import { csvLine } from '../output/csv.ts';
import { type Column, formatTable } from '../output/table.ts';
import { printable } from '../output/text-width.ts';
import type { Seen, WorkloadCoverage } from './workload-coverage.ts';

/** In a narrower terminal a reason has a line of its own, since a piece of it helps nobody. */
const COLUMNS_FOR_REASONS = 120;

export interface CoverageTableOptions {
  readonly width: number | undefined;
  readonly wide: boolean;
  readonly allNamespaces: boolean;
  readonly now: Date;
}

/** The table of `coverage`; `-` is what nobody knows. */
export function formatCoverage(workloads: readonly WorkloadCoverage[], options: CoverageTableOptions): string[] {
  const { width, wide, allNamespaces, now } = options;
  const below = width !== undefined && width < COLUMNS_FOR_REASONS;
  const columns = [
    ...(allNamespaces ? [NAMESPACE] : []),
    below ? { ...WORKLOAD, cell: shortName } : WORKLOAD,
    ...columnsAt(now, below),
    ...(below ? [] : [REASON]),
  ];
  const lines = formatTable(columns, workloads, { width, wide });
  if (!below) return lines;
  return lines.flatMap((line, index) => {
    const workload = workloads[index - 1];
    return [line, ...(workload ? reasonTexts(workload).map((text) => `  ${printable(text)}`) : [])];
  });
}

/** The same for spreadsheets: RFC 4180, all columns, numbers and times bare. */
export function formatCsv(workloads: readonly WorkloadCoverage[]): string[] {
  const heading =
    'namespace,workload,pods,ready,captured,uncovered,mode,protocols,last_event,dropped_packets,gap_bytes,reasons';
  const rows = workloads.map((row) => {
    const { namespace, workload, pods, ready, captured, uncovered, mode, seen } = row;
    return csvLine([
      namespace,
      workload,
      pods.length,
      ready,
      captured,
      uncovered,
      mode ?? '',
      seen ? protocolText(seen) : '',
      seen?.lastEventAt ?? '',
      seen?.droppedPackets ?? '',
      seen?.gapBytes ?? '',
      reasonTexts(row).join('; '),
    ]);
  });
  return [heading, ...rows];
}

/** `2 of 3 workloads fully captured, 8 of 10 pods (80.0 %)` */
export function formatSummary(workloads: readonly WorkloadCoverage[], percent: number): string {
  const complete = workloads.filter(({ uncovered }) => uncovered === 0).length;
  const captured = workloads.reduce((total, workload) => total + workload.captured, 0);
  const known = workloads.reduce((total, workload) => total + workload.captured + workload.uncovered, 0);
  // 99.96 % is not 100 %.
  const shown = (Math.floor(percent * 10) / 10).toFixed(1);
  return `${complete} of ${workloads.length} workloads fully captured, ${captured} of ${known} pods (${shown} %)`;
}

const NAMESPACE: Column<WorkloadCoverage> = {
  heading: 'NAMESPACE',
  mayShrink: true,
  cell: ({ namespace }) => namespace,
};
const WORKLOAD: Column<WorkloadCoverage> = { heading: 'WORKLOAD', mayShrink: true, cell: ({ workload }) => workload };
const REASON: Column<WorkloadCoverage> = {
  heading: 'REASON',
  mayShrink: true,
  cell: (workload) => reasonTexts(workload).join('; '),
};

function columnsAt(now: Date, below: boolean): readonly Column<WorkloadCoverage>[] {
  const dispensable = (leftOut: number) => (below ? { leftOut } : {});
  return [
    { heading: 'PODS', cell: ({ ready, pods }) => `${ready}/${pods.length}` },
    { heading: 'CAPTURED', cell: ({ captured, pods }) => (pods.length === 0 ? '-' : String(captured)) },
    { heading: 'MODE', cell: ({ mode }) => mode ?? '-' },
    {
      heading: 'PROTOCOLS',
      ...dispensable(1),
      mayShrink: true,
      cell: ({ seen }) => (seen && protocolText(seen)) || '-',
    },
    { heading: 'LAST EVENT', ...dispensable(2), cell: ({ seen }) => age(seen?.lastEventAt, now) },
    { heading: 'DROPS', cell: ({ seen }) => (seen ? String(seen.droppedPackets) : '-') },
    { heading: 'GAP BYTES', wide: true, cell: ({ seen }) => (seen ? String(seen.gapBytes) : '-') },
    { heading: 'AGENT', wide: true, cell: ({ seen }) => seen?.versions.join(',') ?? '-' },
    {
      heading: 'UNCOVERED PODS',
      wide: true,
      mayShrink: true,
      cell: ({ pods }) =>
        pods
          .filter(({ coverage }) => coverage.state === 'uncovered')
          .map(({ pod }) => pod.name)
          .join(',') || '-',
    },
  ];
}

/** `mysql,postgresql(TLS)`: of encrypted sessions only that they were there is known. */
function protocolText({ protocols }: Seen): string {
  return Object.entries(protocols)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, { sessions, encrypted }]) => {
      if (encrypted === 0) return name;
      return encrypted >= sessions ? `${name}(TLS)` : `${name}(part TLS)`;
    })
    .join(',');
}

function reasonTexts({ reasons, pods }: WorkloadCoverage): readonly string[] {
  const starting = pods.filter(({ coverage }) => coverage.state === 'starting').length;
  return [
    ...reasons.map(({ code, reason, pods }) => `${code} ${pods === 1 ? '' : `(${pods} pods) `}${reason}`),
    ...(starting === 0 ? [] : [`${starting} starting`]),
  ];
}

/** As short as kubectl takes it: `deploy/orders`. */
function shortName({ workload, owner }: WorkloadCoverage): string {
  const kind = workloadKindOf(owner);
  if (!kind) return workload;
  const [shortest] = [kind.name, ...kind.aliases].sort((a, b) => a.length - b.length);
  return `${shortest}/${owner.name}`;
}

function age(time: string | undefined, now: Date): string {
  return time === undefined ? '-' : formatAge(now.getTime() - Date.parse(time));
}
