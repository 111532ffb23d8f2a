import { PART_OF_LABEL, PART_OF_VALUE } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster } from '../kubernetes/cluster.ts';

const VERSION_LABEL = 'app.kubernetes.io/version';
const KINDS = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'v1', kind: 'Namespace' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
];

/** Of what is installed, as its objects are labelled; undefined where there is nothing, or the caller may not look. */
export async function installedVersion(cluster: Cluster): Promise<string | undefined> {
  for (const type of KINDS) {
    try {
      const objects = await cluster.list(type, { labelSelector: `${PART_OF_LABEL}=${PART_OF_VALUE}` });
      const version = objects
        .map(({ metadata }) => metadata.labels?.[VERSION_LABEL])
        .find((label) => label !== undefined);
      if (version !== undefined) return version;
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'DBA1102') throw error;
    }
  }
  return undefined;
}
