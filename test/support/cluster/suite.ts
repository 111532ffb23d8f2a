import { existsSync } from 'node:fs';
import { givenCluster, kindCluster } from './given-cluster.ts';
import { runningCluster } from './own-cluster.ts';
import type { TestCluster } from './test-cluster.ts';

/**
 * Which cluster the test files use. `suite-setup.ts` sets one of the first two where none is set; whoever develops tests
 * sets the first, to one made by `tools/cluster.ts up`, and saves the start.
 */
export const CLUSTER_VARIABLES = {
  own: 'DBAUDIT_TEST_CLUSTER',
  kind: 'DBAUDIT_TEST_KIND',
  /** A kubeconfig of a cluster to run on, as administrator. Not KUBECONFIG: nobody shall test on production by accident. */
  given: 'KUBECONFIG_FOR_TESTS',
} as const;

/** The cluster that `environment` names; undefined where it names none. Throws where that one is not there. */
function namedCluster(environment: NodeJS.ProcessEnv): TestCluster | undefined {
  const { own, kind, given } = {
    own: environment[CLUSTER_VARIABLES.own],
    kind: environment[CLUSTER_VARIABLES.kind],
    given: environment[CLUSTER_VARIABLES.given],
  };
  if (own !== undefined) {
    const running = runningCluster(own);
    if (running === undefined) throw new Error(`${CLUSTER_VARIABLES.own}=${own}: no such cluster is up`);
    return running.cluster;
  }
  if (kind !== undefined) return kindCluster(kind);
  if (given === undefined) return undefined;
  if (!existsSync(given)) throw new Error(`${CLUSTER_VARIABLES.given}=${given}: there is no such file`);
  return givenCluster(given);
}

/** The one cluster of all files of the suite: use namespaces of your own, and remove what is not in one. */
export function testCluster(): TestCluster {
  const cluster = namedCluster(process.env);
  if (cluster === undefined) throw new Error('no cluster was set up; run this by jest --selectProjects cluster');
  return cluster;
}
