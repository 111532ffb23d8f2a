import { readFileSync } from 'node:fs';
import type { OwnPod } from './encode/encoder.ts';

/** As `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Tells this run of an agent from every other: start and process id. */
export function newInstanceId(): string {
  return `${Date.now().toString(36)}-${process.pid.toString(36)}`;
}

/** The pod this agent is a sidecar of, as the downward API tells it; undefined outside a pod. */
export function readOwnPod(environment: Environment): OwnPod | undefined {
  const { DBAUDIT_POD_NAMESPACE: namespace, DBAUDIT_POD_NAME: pod, DBAUDIT_NODE_NAME: node } = environment;
  return namespace === undefined || pod === undefined ? undefined : { namespace, pod, node };
}

const names = new Map<number, string | undefined>();

/** The interface with this index; undefined where it is gone. Asked once for each. */
export function interfaceName(index: number): string | undefined {
  if (!names.has(index)) names.set(index, findInterface(index));
  return names.get(index);
}

/** /proc/net/dev lists an interface a line, after two lines of headings; /sys has the index of each. */
function findInterface(index: number): string | undefined {
  try {
    const lines = readFileSync('/proc/net/dev', 'latin1').trimEnd().split('\n').slice(2);
    const found = lines.map((line) => line.split(':', 1)[0]?.trim() ?? '');
    return found.find((name) => Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1')) === index);
  } catch {
    return undefined;
  }
}
