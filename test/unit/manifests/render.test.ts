import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { EXCLUDED_NAMESPACES } from '../../../contract/labels.ts';
import { type InstallInput, installOptionsSchema } from '../../../manifests/options.ts';
import { renderManifests } from '../../../manifests/render.ts';
import { identityOf, installInput } from '../../support/manifests.ts';

const render = (input: InstallInput = {}) => renderManifests(installOptionsSchema.parse(input));

const EVERYTHING: InstallInput = { certManager: true, podMonitor: true, mirrorSinkSecret: true };
const LAST = ['MutatingWebhookConfiguration', 'MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'];

describe('whatever is chosen', () => {
  test('every object is there once, with the labels by which it is found again', () => {
    fc.assert(
      fc.property(installInput, (input) => {
        const objects = render(input);
        expect(new Set(objects.map(identityOf)).size).toBe(objects.length);
        for (const { kind, metadata } of objects) {
          expect(metadata.labels).toMatchObject({
            'app.kubernetes.io/name': 'dbaudit',
            'app.kubernetes.io/part-of': 'dbaudit',
            'app.kubernetes.io/instance': 'dbaudit',
            'app.kubernetes.io/managed-by': 'kubectl-dbaudit',
          });
          // Only there can the right to read the authority of client certificates be given.
          const elsewhere = kind === 'RoleBinding' && metadata.name === 'dbaudit-collector' ? ['kube-system'] : [];
          expect([undefined, 'dbaudit-system', ...elsewhere]).toContain(metadata.namespace);
        }
      }),
    );
  });

  test('the namespace comes first, what acts on pods comes last', () => {
    fc.assert(
      fc.property(installInput, (input) => {
        const kinds = render(input).map(({ kind }) => kind);
        if (input.createNamespace !== false) expect(kinds[0]).toBe('Namespace');
        const acting = kinds.findIndex((kind) => LAST.includes(kind));
        expect(acting).toBeGreaterThan(0);
        expect(kinds.slice(acting).filter((kind) => !LAST.includes(kind))).toEqual([]);
      }),
    );
  });

  test('roles name groups, resources and verbs; none is for all', () => {
    const ruleSchema = z.strictObject({
      apiGroups: z.array(z.string()).optional(),
      resources: z.array(z.string()).optional(),
      nonResourceURLs: z.array(z.literal('/metrics')).optional(),
      resourceNames: z.array(z.string()).optional(),
      verbs: z.array(
        z.enum(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'read-literals', 'query', 'export']),
      ),
    });
    const roles = render(EVERYTHING).filter(({ kind }) => kind.endsWith('Role'));
    expect(roles.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'ClusterRole/dbaudit-view',
      'ClusterRole/dbaudit-edit',
      'ClusterRole/dbaudit-admin',
      'ClusterRole/dbaudit-reader',
      'ClusterRole/dbaudit-auditor',
      'ClusterRole/dbaudit-security-admin',
      'ClusterRole/dbaudit-collector',
      'Role/dbaudit-collector',
      'Role/dbaudit-collector-client',
      'ClusterRole/dbaudit-injector',
      'Role/dbaudit-injector',
      'ClusterRole/dbaudit-metrics-reader',
    ]);
    for (const { rules } of roles) {
      for (const rule of z.array(ruleSchema).parse(rules)) expect(JSON.stringify(rule)).not.toContain('*');
    }
  });

  test.each([{}, EVERYTHING])(
    'the injector reads and writes no Secret and no webhook configuration but its own: %j',
    (input) => {
      const rules = render(input)
        .filter(({ kind, metadata }) => kind.endsWith('Role') && metadata.name === 'dbaudit-injector')
        .flatMap((role) => z.array(z.looseObject({ resources: z.array(z.string()) })).parse(role.rules));
      const kept = rules.filter(({ resources }) => /secrets|mutating/.test(resources.join()));
      expect(kept.map(({ resources, resourceNames }) => [resources, resourceNames])).toEqual(
        input.certManager
          ? [[['secrets'], ['dbaudit-sinks']]]
          : [
              [['mutatingwebhookconfigurations'], ['dbaudit-injector']],
              [['secrets'], ['dbaudit-webhook-certificates']],
            ],
      );
    },
  );
});

describe('the collector', () => {
  const objects = (input: InstallInput = {}) =>
    render(input).filter(({ metadata }) => /collector|reader|auditor|security/.test(metadata.name));
  const find = (kind: string, input: InstallInput = {}) => objects(input).find((object) => object.kind === kind);

  test('is left out whole', () => {
    expect(objects({ collector: false })).toEqual([]);
  });

  test('reads and writes no Secret but its own, and gives users its own pod alone', () => {
    const rules = objects()
      .filter(({ kind }) => kind.endsWith('Role'))
      .flatMap((role) => z.array(z.looseObject({ resources: z.array(z.string()) })).parse(role.rules));
    const named = rules.filter(({ resources }) => /secrets|portforward/.test(resources.join()));
    expect(named.map(({ resources, resourceNames }) => [resources, resourceNames])).toEqual([
      [['secrets'], ['dbaudit-collector-certificate', 'dbaudit-collector-keys']],
      [['pods/portforward'], ['dbaudit-collector-0']],
    ]);
  });

  test('duties are apart: values with the auditor, rules with the security administrator', () => {
    const rights = (name: string) => JSON.stringify(objects().find(({ metadata }) => metadata.name === name)?.rules);
    expect(rights('dbaudit-reader')).not.toMatch(/literals|query|export|rules|alerts/);
    expect(rights('dbaudit-auditor')).toContain('read-literals');
    expect(rights('dbaudit-auditor')).not.toMatch(/rules|silences|update/);
    expect(rights('dbaudit-security-admin')).toMatch(/"rules"\],"verbs":\["get","update"\]/);
    expect(rights('dbaudit-security-admin')).not.toMatch(/literals|query|export/);
  });

  test('its volume carries nothing that an uninstallation removes, or an upgrade changes', () => {
    expect(find('StatefulSet')).toMatchObject({
      spec: {
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { resources: { requests: { storage: '20Gi' } } } }],
      },
    });
    const claims = JSON.stringify(Object(find('StatefulSet')?.spec).volumeClaimTemplates);
    expect(claims).not.toMatch(/part-of|version|storageClassName/);
    expect(JSON.stringify(find('StatefulSet', { collectorStorageClass: 'fast' }))).toContain(
      '"storageClassName":"fast"',
    );
    expect(JSON.stringify(find('StatefulSet', { collectorPersistent: false }))).toContain(
      '"emptyDir":{"sizeLimit":"20Gi"}',
    );
  });

  test('agents send to it with a token of their own, unless they are told otherwise', () => {
    const data = (input: InstallInput) =>
      Object.assign(
        {},
        ...render(input)
          .filter(({ kind }) => kind === 'ConfigMap')
          .map(({ data }) => data),
      );
    expect(data({ namespace: 'audit' })['agent.yaml']).toContain('https://dbaudit-collector.audit.svc:8443/v1/events');
    expect(data({})['injection.yaml']).toContain('sinkToken: projected');
    expect(data({ agentConfig: 'sinks: []\n' })['agent.yaml']).toBe('sinks: []\n');
  });
});

test('the policy needs no server', () => {
  const kinds = new Set(
    render({ injector: 'policy', podMonitor: true, certManager: true, collector: false }).map(({ kind }) => kind),
  );
  expect([...kinds].sort()).toEqual([
    'ClusterRole',
    'ConfigMap',
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
    'Namespace',
  ]);
});

describe('options', () => {
  test.each<[InstallInput, string]>([
    [{ image: 'x") + ("' }, 'image'],
    [{ namespace: 'No_Name' }, 'namespace'],
    [{ replicas: 0 }, 'replicas'],
    [{ injection: { resources: { limits: { memory: 'much' } } } }, 'injection.resources.limits.memory'],
  ])('%j is refused', (input, path) => {
    const problem = installOptionsSchema.safeParse(input).error?.issues[0];
    expect(problem?.path.join('.')).toBe(path);
  });

  test('so is what is not known', () => {
    expect(installOptionsSchema.safeParse({ replicsa: 3 }).success).toBe(false);
  });
});

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
const selectorSchema = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.literal('NotIn'), values: z.array(z.string()) }))
    .default([]),
});

function selects(selector: z.infer<typeof selectorSchema>, labels: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value) &&
    selector.matchExpressions.every(({ key, values }) => !values.includes(labels[key] ?? ''))
  );
}

const webhooksSchema = z.array(
  z.looseObject({ name: z.string(), namespaceSelector: selectorSchema, objectSelector: selectorSchema }),
);

/** Which webhooks the API server asks about a pod. */
function asked(namespace: string, namespaceLabel: string | undefined, podLabel: string | undefined): string[] {
  const capture = (value: string | undefined): Record<string, string> =>
    value === undefined ? {} : { 'dbaudit.io/capture': value };
  const configuration = render().at(-1);
  return webhooksSchema
    .parse(configuration?.webhooks)
    .filter(
      ({ namespaceSelector, objectSelector }) =>
        selects(namespaceSelector, { 'kubernetes.io/metadata.name': namespace, ...capture(namespaceLabel) }) &&
        selects(objectSelector, capture(podLabel)),
    )
    .map(({ name }) => name);
}

describe('the injector is asked', () => {
  const NAMESPACE = ['namespace.inject.dbaudit.io'];
  const POD = ['pod.inject.dbaudit.io'];

  test.each<[string | undefined, string | undefined, string[]]>([
    [undefined, undefined, []],
    [undefined, 'enabled', POD],
    [undefined, 'disabled', []],
    [undefined, 'yes', []],
    ['enabled', undefined, NAMESPACE],
    ['enabled', 'enabled', POD],
    ['enabled', 'disabled', []],
    ['enabled', 'yes', NAMESPACE],
    ['disabled', undefined, []],
    ['disabled', 'enabled', POD],
  ])('namespace %s, pod %s: %j', (namespaceLabel, podLabel, expected) => {
    expect(asked('shop', namespaceLabel, podLabel)).toEqual(expected);
  });

  test.each([...EXCLUDED_NAMESPACES, 'dbaudit-system'])('never about pods in %s', (namespace) => {
    for (const pod of [undefined, 'enabled']) expect(asked(namespace, 'enabled', pod)).toEqual([]);
  });
});
