import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** CPU and wall time of a whole process, its children included. */
export interface Cost {
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly wallSeconds: number;
  /** Highest resident set of any process of it. */
  readonly maxRssMebibytes: number;
  readonly output: string;
}

/** Clock ticks a second in /proc/PID/stat; fixed for Linux programs. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS_PER_SECOND = 100;
const KIBIBYTES_PER_MEBIBYTE = 1024;

/** Runs `command` in a shell, its standard output thrown away unless it redirects it. */
export function costOf(command: string): Cost {
  const script = `
import json, resource, subprocess, sys, time
start = time.monotonic()
done = subprocess.run(['bash', '-c', sys.argv[1]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime, used.ru_stime, time.monotonic() - start, used.ru_maxrss, done.returncode, done.stderr.decode(errors='replace')[-4000:]]))
`;
  const run = spawnSync('python3', ['-c', script, command], { encoding: 'utf8', maxBuffer: 1 << 24 });
  if (run.status !== 0) throw new Error(`measuring ${command} failed: ${run.stderr}`);
  const [userSeconds, systemSeconds, wallSeconds, maxRss, status, output] = JSON.parse(run.stdout);
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${output}`);
  return { userSeconds, systemSeconds, wallSeconds, maxRssMebibytes: maxRss / KIBIBYTES_PER_MEBIBYTE, output };
}

/** The one with the least user CPU of `times` runs: noise of the machine only ever adds. */
export function cheapestOf(times: number, command: string): Cost {
  const costs = Array.from({ length: times }, () => costOf(command));
  return costs.reduce((least, cost) => (cost.userSeconds < least.userSeconds ? cost : least));
}

/** CPU seconds (user and system) that a running process has used so far. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident set of a running process: now, and its highest. */
export function rssOf(pid: number): { readonly now: number; readonly highest: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const read = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / KIBIBYTES_PER_MEBIBYTE;
  return { now: read('VmRSS'), highest: read('VmHWM') };
}

export function micros(seconds: number, count: number): string {
  return `${((seconds / count) * 1e6).toFixed(2)} µs`;
}
