import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** One directory a cluster; `cluster.json` in it says which process holds the cluster up. */
const RUNS = join(import.meta.dirname, '../../../build/cluster/runs');
/** Logs of the latest clusters that ended or did not come up. */
const KEPT_LOGS = join(import.meta.dirname, '../../../build/cluster/logs');
const LOGS_KEPT = 10;
const CGROUPS = '/sys/fs/cgroup';
const BEGINNING_MILLIS = 60_000;
/** Killed processes leave their groups within milliseconds of their end. */
const CGROUP_ATTEMPTS = 50;
const CGROUP_PAUSE_MILLIS = 100;

/** A pid alone may be another process's by now; with the time it was started it is not. */
const processSchema = z.object({ pid: z.number(), startTime: z.string() });
type ProcessIdentity = z.infer<typeof processSchema>;

const recordSchema = z.object({
  id: z.string(),
  /** Process 1 of the cluster's process namespace: whatever the cluster runs ends with it. */
  init: processSchema,
  /** Of the machine, on the link to the cluster: a test's own listener is reached there from pods. */
  hostAddress: z.string(),
  nodeAddress: z.string(),
});
export type RunRecord = z.infer<typeof recordSchema>;

export function runDirectory(id: string): string {
  return join(RUNS, id);
}

/** Where components and `kubectl` find the cluster as administrator. */
export function kubeconfigOf(id: string): string {
  return join(RUNS, id, 'admin.kubeconfig');
}

export function logDirectory(id: string): string {
  return join(RUNS, id, 'log');
}

/** The pid and start time of a living process; undefined where there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    // The name in parentheses may hold blanks; field 22 is the start time in ticks since boot. proc_pid_stat(5)
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [state, startTime] = [afterName[0], afterName[19]];
    return startTime === undefined || state === 'Z' || state === 'X' ? undefined : { pid, startTime };
  } catch {
    return undefined;
  }
}

export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return identify(pid)?.startTime === startTime;
}

/** Written as soon as the init process runs, so that its leftovers can be found whatever happens next. */
export function writeRecord(record: RunRecord): void {
  const file = join(runDirectory(record.id), 'cluster.json');
  writeFileSync(`${file}.part`, JSON.stringify(record));
  renameSync(`${file}.part`, file);
}

/** Undefined where no such cluster was started, or none is up any more. */
export function readRecord(id: string): RunRecord | undefined {
  const file = join(runDirectory(id), 'cluster.json');
  if (!existsSync(file)) return undefined;
  const record = recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return isAlive(record.init) ? record : undefined;
}

/** All clusters that are up on this checkout. */
export function runningIds(): readonly string[] {
  return existsSync(RUNS) ? readdirSync(RUNS).filter((id) => readRecord(id) !== undefined) : [];
}

/** Removes what runs left that were killed before they could. */
export async function removeLeftovers(): Promise<void> {
  if (!existsSync(RUNS)) return;
  for (const id of readdirSync(RUNS)) {
    const beginning = !existsSync(join(RUNS, id, 'cluster.json')) && isRecent(id);
    if (!beginning && readRecord(id) === undefined) await removeRun(id);
  }
}

/** A run that another process began this minute has no record yet. Its id begins with the time it was made at. */
function isRecent(id: string): boolean {
  return Date.now() - Number.parseInt(id.split('-')[0] ?? '', 36) < BEGINNING_MILLIS;
}

/** Its processes must have ended. What cannot be removed yet stays recorded, for the next start to remove. */
export async function removeRun(id: string): Promise<void> {
  for (let attempt = 1; attempt <= CGROUP_ATTEMPTS; attempt += 1) {
    for (const directory of cgroupDirectories(id)) removeCgroup(directory);
    if (!cgroupDirectories(id).some((directory) => existsSync(directory))) {
      rmSync(runDirectory(id), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
      return;
    }
    await sleep(CGROUP_PAUSE_MILLIS);
  }
}

/** Moves the logs out of a run that is about to be removed, and says where they are. */
export function keepLogs(id: string): string {
  const kept = join(KEPT_LOGS, id);
  mkdirSync(KEPT_LOGS, { recursive: true });
  rmSync(kept, { recursive: true, force: true });
  if (existsSync(logDirectory(id))) renameSync(logDirectory(id), kept);
  // An id begins with the time it was made at.
  const older = readdirSync(KEPT_LOGS).sort().slice(0, -LOGS_KEPT);
  for (const run of older) rmSync(join(KEPT_LOGS, run), { recursive: true, force: true });
  return kept;
}

/** The group of all pods of a cluster, in each hierarchy there is: one of version 2, many of version 1. cgroups(7) */
export function cgroupDirectories(id: string): readonly string[] {
  const name = `dbaudit-${id}`;
  if (existsSync(join(CGROUPS, 'cgroup.controllers'))) return [join(CGROUPS, name)];
  const hierarchies = existsSync(CGROUPS) ? readdirSync(CGROUPS) : [];
  return hierarchies
    .filter((hierarchy) => existsSync(join(CGROUPS, hierarchy, 'cgroup.procs')))
    .map((hierarchy) => join(CGROUPS, hierarchy, name));
}

/** Only directories can be removed there, the innermost first. */
function removeCgroup(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(directory, entry.name));
  }
  try {
    rmdirSync(directory);
  } catch {
    // The kernel still counts a process that has just ended.
  }
}
