import type { Cluster } from '../kubernetes/cluster.ts';
import type { Check } from './result.ts';

const OLDEST_MINOR = 25;
const NATIVE_SIDECARS_MINOR = 29;
/** Certificates made here and there, and the times of events, differ by as much. */
const MOST_SKEW_MILLIS = 30_000;

/** The API server itself. */
export function kubernetesChecks(cluster: Cluster): readonly Check[] {
  return [
    {
      description: 'can reach the API server',
      essential: true,
      run: async () => {
        const { gitVersion } = await cluster.version();
        return {
          result: 'success',
          description: `can reach the API server (${gitVersion}, context ${cluster.context})`,
        };
      },
    },
    {
      description: `Kubernetes is 1.${OLDEST_MINOR} or newer`,
      run: async () => {
        const { major, minor, gitVersion } = await cluster.version();
        if (major > 1 || minor >= NATIVE_SIDECARS_MINOR) return { result: 'success' };
        const result = minor < OLDEST_MINOR ? 'error' : 'warning';
        const detail =
          result === 'error'
            ? `this is ${gitVersion}`
            : `${gitVersion} has no native sidecars: pods of Jobs are skipped`;
        return { result, code: 'DBA3001', details: [detail] };
      },
    },
    {
      description: 'the clocks agree',
      run: async () => {
        const skewMillis = Math.abs((await cluster.serverTime()).getTime() - Date.now());
        if (skewMillis <= MOST_SKEW_MILLIS) return { result: 'success' };
        return {
          result: 'warning',
          code: 'DBA3009',
          details: [`this machine and the API server are ${Math.round(skewMillis / 1_000)} s apart`],
        };
      },
    },
  ];
}
