import { parse, stringify } from 'yaml';
import { PART_OF_LABEL, PART_OF_VALUE } from '../../contract/labels.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import { mergeValues, type Values } from './install-values.ts';

/** Not part of the manifests: only `install` and `upgrade` write it, `upgrade` reads it. */
export const VALUES_RECORD = 'dbaudit-install';
const KEY = 'values.yaml';

/** What was chosen when it was installed, so that an upgrade chooses the same. Defaults are left out: they may change. */
export function valuesRecord(namespace: string, values: Values): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: VALUES_RECORD, namespace, labels: { [PART_OF_LABEL]: PART_OF_VALUE } },
    data: { [KEY]: stringify(values) },
  };
}

/** The values of the last `install` or `upgrade`; none where it was installed in another way. */
export async function readValuesRecord(cluster: Cluster, namespace: string): Promise<Values> {
  const record = await cluster.find({ apiVersion: 'v1', kind: 'ConfigMap' }, VALUES_RECORD, namespace);
  const data = record?.data;
  if (typeof data !== 'object' || data === null || !(KEY in data)) return {};
  const values: unknown = parse(String(data[KEY]));
  return typeof values === 'object' && values !== null ? mergeValues({}, { ...values }) : {};
}
