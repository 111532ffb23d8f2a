import { whoamiSchema } from '../../contract/collector-api.ts';
import { COLLECTOR_CA_MAP } from '../../contract/collector-objects.ts';
import { both, type Filter } from '../../contract/filter.ts';
import { UserError } from '../../contract/user-error.ts';
import type { CommandContext } from '../context.ts';
import type { FilterTerm } from '../events/filter.ts';
import { parseExpression } from '../events/filter-definitions.ts';
import type { Collector } from './collector.ts';
import { connectCollector } from './connect.ts';
import { collectorFilter, isTranslatable } from './filter-terms.ts';
import { placeFilter } from './search.ts';

export interface TailChoice {
  /** `TYPE/NAME`, or a regular expression for pods' names. */
  readonly target?: string | undefined;
  readonly selector?: string | undefined;
  readonly allNamespaces?: boolean | undefined;
  readonly follow: boolean;
  readonly terms: readonly FilterTerm[];
}

export interface ChosenCollector {
  readonly collector: Collector;
  readonly filter: Filter;
}

/**
 * The collector, where it can give what is asked for: it knows pods by name and namespace, not by labels or workloads, and
 * what is not followed is read from agents' logs, as it always was. Where there is one and it cannot be asked, that is said.
 */
export async function chooseCollector(
  choice: TailChoice,
  context: CommandContext,
): Promise<ChosenCollector | undefined> {
  const { target, selector, allNamespaces = false, follow, terms } = choice;
  if (!follow || selector !== undefined || target?.includes('/') === true) return undefined;
  const cluster = await context.cluster();
  const namespaces = allNamespaces ? undefined : cluster.namespace.split(',').filter((name) => name !== '');
  const filter = both(
    placeFilter(namespaces),
    podNames(target),
    collectorFilter(terms.filter(isTranslatable), { gaps: true }),
  );
  try {
    if (context.globals.collector === undefined && !(await isInstalled(context))) return undefined;
    const collector = await connectCollector(context);
    try {
      await collector.ask({ method: 'GET', path: '/whoami', signal: context.signal }, whoamiSchema);
      return { collector, filter };
    } catch (error) {
      collector.close();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.screen.say(`note: ${error.message}: reading the logs of agents instead`);
    return undefined;
  }
}

async function isInstalled(context: CommandContext): Promise<boolean> {
  const cluster = await context.cluster();
  const type = { apiVersion: 'v1', kind: 'ConfigMap' };
  return (await cluster.find(type, COLLECTOR_CA_MAP, await context.ownNamespace())) !== undefined;
}

function podNames(target: string | undefined): Filter | undefined {
  if (target === undefined) return undefined;
  const { source, ignoreCase } = parseExpression(target);
  return { kind: 'matches', field: 'kubernetes.pod.name', expression: source, ...(ignoreCase ? { ignoreCase } : {}) };
}
