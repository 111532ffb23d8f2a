import { statusSchema } from '../../contract/collector-api.ts';
import { UserError } from '../../contract/user-error.ts';
import { withCollector } from '../collector-client/with-collector.ts';
import type { CommandContext } from '../context.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { StatusCollector } from '../output/schemas/status.ts';
import { collectorState, collectorTrouble } from './collector-state.ts';
import type { Report } from './status.ts';

/** What the API server says of the collector, and what it says itself where the caller may ask it. */
export async function readCollector(
  context: CommandContext,
  cluster: Cluster,
  namespace: string,
  report: Report,
): Promise<StatusCollector | undefined> {
  const state = await collectorState(cluster, namespace).catch(undefinedWithoutRight);
  if (state === undefined) return undefined;
  const { trouble, image, storage } = state;
  const known = { ready: trouble === undefined, image, ...(storage === undefined ? {} : { storage }) };
  if (trouble !== undefined) {
    const details = await collectorTrouble(cluster, namespace).catch(() => []);
    report('DBA1104', `the collector: ${[trouble, ...details].join('; ')}`);
    return known;
  }
  const answer = await withCollector(context, (collector) =>
    collector.ask({ method: 'GET', path: '/status', signal: context.signal }, statusSchema),
  ).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    // Who may not ask is told nothing; who cannot reach it is told that.
    if (error.code === 'DBA1109') report(error.code, error.message, error.nextStep);
    return undefined;
  });
  if (answer === undefined) return known;
  const { store, ingest, sources } = answer;
  for (const problem of [store.problem, ...sources.map(({ name, problem }) => problem && `${name}: ${problem}`)]) {
    if (problem !== undefined) report('DBA3010', `the collector: ${problem}`);
  }
  return {
    ...known,
    events: store.events,
    bytes: store.bytes,
    perSecond: ingest.perSecond,
    ...(store.oldest === undefined ? {} : { oldest: new Date(store.oldest).toISOString() }),
  };
}

function undefinedWithoutRight(error: unknown): undefined {
  if (error instanceof UserError && error.code === 'DBA1102') return undefined;
  throw error;
}
