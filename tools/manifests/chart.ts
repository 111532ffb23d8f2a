import * as z from 'zod';
import { VERSION } from '../../contract/version.ts';
import { formatYaml } from '../../manifests/format.ts';
import { installOptionsSchema } from '../../manifests/options.ts';
import { PARTS } from '../../manifests/render.ts';
import { chartTemplate } from './chart-template.ts';
import { type Files, generated } from './files.ts';

const CHART = {
  apiVersion: 'v2',
  name: 'dbaudit',
  description: 'Shows and records who did what in which database, without changing an application or a database.',
  type: 'application',
  version: VERSION,
  appVersion: VERSION,
  kubeVersion: '>=1.25.0-0',
  keywords: ['audit', 'database', 'security', 'sidecar', 'mysql', 'postgresql', 'redis'],
};

/** What Helm itself says: the release's namespace and name. Helm makes the namespace, so the chart does only if told. */
const valuesSchema = installOptionsSchema.omit({ namespace: true, instance: true, managedBy: true }).extend({
  createNamespace: z
    .boolean()
    .default(false)
    .describe('Render the namespace too. Helm itself makes one with `--create-namespace`, but without labels.'),
});

const NOTES = `dbaudit {{ .Chart.AppVersion }} is installed in the namespace {{ .Release.Namespace }}.

1. Label what shall be seen, then restart it:
     kubectl label namespace NAMESPACE dbaudit.io/capture=enabled
     kubectl rollout restart deployment -n NAMESPACE
   or, with the plugin, one workload: kubectl dbaudit enable deployment/NAME -n NAMESPACE --wait
2. Watch: kubectl dbaudit tail -n NAMESPACE
{{- if not .Values.createNamespace }}

The injector meets the strictest Pod Security level; let its namespace enforce it:
     kubectl label namespace {{ .Release.Namespace }} pod-security.kubernetes.io/enforce=restricted
{{- end }}
{{- if and (eq .Values.injector "webhook") (eq .Values.failurePolicy "Fail") }}

failurePolicy is Fail: selected pods cannot start while no injector answers.
{{- end }}
`;

/** The Helm chart, as files. */
export function chartFiles(): Files {
  const files = new Map([
    ['Chart.yaml', generated(formatYaml(CHART))],
    ['values.yaml', generated(valuesFile())],
    ['values.schema.json', `${JSON.stringify(schemaFile(), null, 2)}\n`],
    ['templates/NOTES.txt', NOTES],
  ]);
  for (const part of PARTS) files.set(`templates/${part.name}.yaml`, chartTemplate(part));
  return new Map([...files].map(([path, text]) => [`chart/dbaudit/${path}`, text]));
}

/** Every default with its description, in the form that helm-docs reads. */
function valuesFile(): string {
  const defaults = valuesSchema.parse({});
  return Object.entries(valuesSchema.shape)
    .map(([name, { description }]) => {
      const value = Object.entries(defaults).find(([key]) => key === name)?.[1];
      return `\n# -- ${description}\n${formatYaml({ [name]: value })}`;
    })
    .join('');
}

/** Helm knows draft 7 in every version of it, and hands `global` to a chart that is part of another. */
function schemaFile(): unknown {
  const { properties, ...schema } = z.toJSONSchema(valuesSchema, { target: 'draft-7', io: 'input' });
  return { ...schema, properties: { ...properties, global: { type: 'object' } } };
}
