import { installOptionsSchema } from '../../manifests/options.ts';
import { renderManifests } from '../../manifests/render.ts';
import { listOwnObjects, objectName } from '../installation/own-objects.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import type { Check } from './result.ts';

/** What `install` needs, before it is run. */
export function installChecks(cluster: Cluster, namespace: string): readonly Check[] {
  const objects = renderManifests(installOptionsSchema.parse({ namespace }));
  return [
    {
      description: 'may create the objects of an installation',
      run: async () => {
        const missing = await missingRights(cluster, objects);
        if (missing.length === 0) {
          return { result: 'success', description: `may create the objects of an installation (${objects.length})` };
        }
        return { result: 'error', code: 'DBA3002', details: missing };
      },
    },
    {
      description: 'the API server takes the objects of an installation',
      run: async () => {
        const refused: string[] = [];
        for (const object of objects) {
          if (!(await cluster.serves(object))) refused.push(`${object.kind} (${object.apiVersion}) is not served`);
          else if (object.metadata.namespace === undefined) await cluster.apply(object, { dryRun: true });
        }
        return refused.length === 0 ? { result: 'success' } : { result: 'error', code: 'DBA3001', details: refused };
      },
    },
    {
      description: 'nothing of another installation is there',
      run: async () => {
        const { objects } = await listOwnObjects(cluster);
        if (objects.length === 0) return { result: 'success' };
        return { result: 'warning', code: 'DBA3008', details: objects.map(objectName) };
      },
    },
  ];
}

/** `create deployments in dbaudit-system`, a line each. */
async function missingRights(cluster: Cluster, objects: readonly KubernetesObject[]): Promise<readonly string[]> {
  const wanted = new Map<string, KubernetesObject>();
  for (const object of objects) wanted.set(`${object.apiVersion} ${object.kind}`, object);
  const lines = await Promise.all(
    [...wanted.values()].map(async ({ apiVersion, kind, metadata }) => {
      const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
      const resource = pluralOf(kind);
      const where = metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
      const verbs = await Promise.all(
        ['create', 'patch'].map(async (verb) =>
          (await cluster.mayI(verb, resource, { group, ...where })) ? [] : [verb],
        ),
      );
      const missing = verbs.flat();
      if (missing.length === 0) return [];
      return [
        `${missing.join(', ')} ${resource}${metadata.namespace === undefined ? '' : ` in ${metadata.namespace}`}`,
      ];
    }),
  );
  return lines.flat();
}

/** Of the kinds an installation has. */
function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
}
