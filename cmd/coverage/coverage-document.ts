import type { CoverageDocument } from '../output/schemas/coverage.ts';
import { OUTPUT_API_VERSION } from '../output/structured.ts';
import type { RepairResult } from './repair.ts';
import type { WorkloadCoverage } from './workload-coverage.ts';

/** What `coverage -o json` prints; `capturedPercent` is that of all workloads, also of those left out. */
export function coverageDocument(
  workloads: readonly WorkloadCoverage[],
  capturedPercent: number,
  repair: readonly RepairResult[] | undefined,
): CoverageDocument {
  return {
    apiVersion: OUTPUT_API_VERSION,
    kind: 'Coverage',
    capturedPercent,
    items: workloads.map(toItem),
    ...(repair ? { repair: [...repair] } : {}),
  };
}

function toItem({ namespace, owner, pods, ready, captured, uncovered, mode, seen, reasons }: WorkloadCoverage) {
  return {
    namespace,
    kind: owner.kind,
    name: owner.name,
    pods: { total: pods.length, ready, captured, uncovered },
    ...(mode === undefined ? {} : { mode }),
    ...(seen === undefined ? {} : { seen: toSeen(seen) }),
    reasons: [...reasons],
    uncoveredPods: pods.flatMap(({ pod, coverage }) =>
      coverage.state === 'uncovered' ? [{ name: pod.name, code: coverage.code, reason: coverage.reason }] : [],
    ),
  };
}

function toSeen({ protocols, lastEventAt, droppedPackets, gapBytes, versions }: NonNullable<WorkloadCoverage['seen']>) {
  const known = Object.entries(protocols).map(([name, { statements, sessions, encrypted }]) => [
    name,
    { statements, sessions, encrypted },
  ]);
  return {
    protocols: Object.fromEntries(known),
    ...(lastEventAt === undefined ? {} : { lastEventAt }),
    droppedPackets,
    gapBytes,
    versions: [...versions],
  };
}
