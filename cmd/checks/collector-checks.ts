import { statusSchema } from '../../contract/collector-api.ts';
import { withCollector } from '../collector-client/with-collector.ts';
import type { CommandContext } from '../context.ts';
import { collectorState, collectorTrouble } from '../installation/collector-state.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Check } from './result.ts';

/** Of an installed collector: that it runs, keeps what it is given, and answers. */
export function collectorChecks(context: CommandContext, cluster: Cluster, namespace: string): readonly Check[] {
  return [
    {
      description: 'the collector runs',
      essential: true,
      run: async () => {
        const { trouble } = (await collectorState(cluster, namespace)) ?? {};
        if (trouble === undefined) return { result: 'success' };
        const details = await collectorTrouble(cluster, namespace);
        return { result: 'error', code: 'DBA1104', details: [trouble, ...details] };
      },
    },
    {
      description: 'events outlive its pod',
      run: async () => {
        const { storage } = (await collectorState(cluster, namespace)) ?? {};
        if (storage !== undefined)
          return { result: 'success', description: `events outlive its pod (${storage} volume)` };
        return { result: 'warning', code: 'DBA3011', details: ['it has no volume: events are gone with its pod'] };
      },
    },
    {
      description: 'it answers, and has no trouble',
      run: async () => {
        const { store, sources } = await withCollector(context, (collector) =>
          collector.ask({ method: 'GET', path: '/status', signal: context.signal }, statusSchema),
        );
        const troubles = [store.problem, ...sources.map(({ name, problem }) => problem && `${name}: ${problem}`)];
        const details = troubles.filter((trouble) => trouble !== undefined);
        if (details.length > 0) return { result: 'error', code: 'DBA3010', details };
        return { result: 'success', description: `it answers, and has no trouble (${store.events} events)` };
      },
    },
  ];
}
