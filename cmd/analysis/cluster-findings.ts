import { CODES } from '../../contract/codes.ts';
import type { WorkloadCoverage } from '../coverage/workload-coverage.ts';
import type { Injector } from '../kubernetes/injectors.ts';
import type { Finding } from './finding.ts';

/** What is wrong with what gives pods their agent. */
export function findInInjectors(injectors: readonly Injector[]): readonly Finding[] {
  const [first] = injectors;
  if (!first) {
    const { title } = CODES.DBA1105;
    const place = { kind: 'Cluster', name: 'injector' };
    return [{ ...place, code: 'DBA1105', level: 'error', message: title, fix: 'kubectl dbaudit install' }];
  }
  const place = ({ kind, name }: Injector) => ({
    kind: kind === 'webhook' ? 'MutatingWebhookConfiguration' : 'MutatingAdmissionPolicy',
    name,
  });
  const troubled = injectors.flatMap((injector): Finding[] => {
    if (injector.trouble === undefined) return [];
    const message = `${injector.trouble}: pods that are made now get no agent`;
    return [{ ...place(injector), code: 'DBA3003', level: 'error', message, fix: 'kubectl dbaudit status' }];
  });
  const kinds = new Set(injectors.map(({ kind }) => kind));
  const webhooks = injectors.filter(({ kind }) => kind === 'webhook');
  if (kinds.size < 2 && webhooks.length < 2) return troubled;
  const names = injectors.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  const message = `more than one injector is there: ${names}`;
  const fix = 'kubectl dbaudit upgrade --prune';
  return [...troubled, { ...place(first), code: 'DBA3008', level: 'warning', message, fix }];
}

/** What running pods say that their workloads as they stand do not: their age, the injector, the agent's container. */
export function findInRunning(workloads: readonly WorkloadCoverage[], known: readonly Finding[]): readonly Finding[] {
  const told = new Set(known.map(({ code, kind, name, namespace }) => key(code, kind, name, namespace)));
  return workloads.flatMap(({ namespace, owner, reasons }) =>
    reasons
      .filter(({ code }) => !told.has(key(code, owner.kind, owner.name, namespace)))
      .map(({ code, reason, pods }): Finding => {
        const message = `${pods} running ${pods === 1 ? 'pod is' : 'pods are'} not captured: ${reason}`;
        const fix = fixFor(code, owner.kind, namespace);
        return {
          code,
          level: 'error',
          kind: owner.kind,
          name: owner.name,
          namespace,
          message,
          ...(fix === undefined ? {} : { fix }),
        };
      }),
  );
}

/** Pods of these kinds are not made anew by a restart. */
const NOT_RESTARTED = ['Pod', 'Job', 'CronJob'];

function fixFor(code: string, kind: string, namespace: string): string | undefined {
  if (NOT_RESTARTED.includes(kind)) return undefined;
  return code === 'DBA2009' || code === 'DBA2010' ? `kubectl dbaudit coverage -n ${namespace} --repair` : undefined;
}

function key(...parts: readonly (string | undefined)[]): string {
  return parts.join(' ');
}
