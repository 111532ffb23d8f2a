import { deleteKindCluster } from './given-cluster.ts';
import type { OwnCluster } from './own-cluster.ts';
import { CLUSTER_VARIABLES } from './suite.ts';

/** What `suite-setup.ts` made and nobody else will end. */
export const startedHere: { own?: OwnCluster; kind?: string } = {};

/** Ends the suite's cluster, keeps its logs and says where. A cluster named from outside stays. */
export async function endSuiteCluster(): Promise<void> {
  const { own, kind } = startedHere;
  if (own !== undefined) {
    delete startedHere.own;
    delete process.env[CLUSTER_VARIABLES.own];
    console.error(`logs of the cluster: ${await own.stop({ keepLogs: true })}`);
  }
  if (kind !== undefined) {
    delete startedHere.kind;
    delete process.env[CLUSTER_VARIABLES.kind];
    deleteKindCluster(kind);
  }
}

/** Jest's global teardown. */
export default endSuiteCluster;
