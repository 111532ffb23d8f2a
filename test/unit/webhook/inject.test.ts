import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { injectionSettingsSchema } from '../../../contract/injection-settings.ts';
import { inject, isPod, type Pod, type Surroundings, uninject } from '../../../webhook/inject.ts';

const app = { name: 'app', image: 'app' };

function pod(spec: object = {}, metadata: object = {}): Pod {
  const built = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', ...metadata },
    spec: { containers: [app], ...spec },
  };
  if (!isPod(built)) throw new Error('not a pod');
  return built;
}

interface Change {
  readonly name?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly settings?: object;
  readonly nativeSidecars?: boolean;
}

function surroundings({
  name = 'shop',
  labels = {},
  annotations = {},
  settings = {},
  nativeSidecars = true,
}: Change = {}): Surroundings {
  return {
    namespace: { name, labels: { 'dbaudit.io/capture': 'enabled', ...labels }, annotations },
    settings: injectionSettingsSchema.parse(settings),
    nativeSidecars,
    source: 'webhook',
    ownNamespace: 'dbaudit-system',
  };
}

/** The injected pod. */
function injected(given: Pod, change?: Change): Pod {
  const injection = inject(given, surroundings(change));
  if (!injection.injected) throw new Error(`skipped: ${injection.code}`);
  return injection.pod;
}

const agentSchema = z.looseObject({
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
  resources: z.looseObject({}),
  securityContext: z.looseObject({
    capabilities: z.looseObject({ drop: z.array(z.string()), add: z.array(z.string()).optional() }),
  }),
});

function agentIn({ spec }: Pod) {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return agentSchema.parse(containers.find(({ name }) => name === 'dbaudit-agent'));
}

function environmentOf(given: Pod) {
  return new Map(agentIn(given).env.map(({ name, value }) => [name, value]));
}

const enforce = (level: string) => ({ 'pod-security.kubernetes.io/enforce': level });
const setting = (name: string, value: string) => ({ annotations: { [`config.dbaudit.io/${name}`]: value } });

describe('what is put in', () => {
  test('the whole pod', () => {
    expect(injected(pod())).toMatchInlineSnapshot(`
{
  "apiVersion": "v1",
  "kind": "Pod",
  "metadata": {
    "annotations": {
      "kubectl.kubernetes.io/default-container": "app",
      "status.dbaudit.io/injection": "{"version":"0.1.0","source":"webhook","mode":"sidecar","native":true,"created":["/metadata/labels","/metadata/annotations","/metadata/annotations/kubectl.kubernetes.io~1default-container","/spec/initContainers","/spec/volumes"]}",
    },
    "labels": {
      "dbaudit.io/injected": "true",
    },
    "name": "a",
  },
  "spec": {
    "containers": [
      {
        "image": "app",
        "name": "app",
      },
    ],
    "initContainers": [
      {
        "command": [
          "/bin/node",
          "--optimize-for-size",
          "/opt/dbaudit/dbaudit-agent.mjs",
          "run",
          "--config",
          "/etc/dbaudit/agent.yaml",
        ],
        "env": [
          {
            "name": "DBAUDIT_POD_NAMESPACE",
            "valueFrom": {
              "fieldRef": {
                "fieldPath": "metadata.namespace",
              },
            },
          },
          {
            "name": "DBAUDIT_POD_NAME",
            "valueFrom": {
              "fieldRef": {
                "fieldPath": "metadata.name",
              },
            },
          },
          {
            "name": "DBAUDIT_NODE_NAME",
            "valueFrom": {
              "fieldRef": {
                "fieldPath": "spec.nodeName",
              },
            },
          },
          {
            "name": "DBAUDIT_CONFIG_OPTIONAL",
            "value": "true",
          },
          {
            "name": "DBAUDIT_SPOOL_DIRECTORY",
            "value": "/var/lib/dbaudit/spool",
          },
          {
            "name": "DBAUDIT_SPOOL_TOTAL_MEBIBYTES",
            "value": "768",
          },
        ],
        "image": "ghcr.io/dbaudit/dbaudit:0.1.0",
        "imagePullPolicy": "IfNotPresent",
        "name": "dbaudit-agent",
        "resources": {
          "limits": {
            "memory": "256Mi",
          },
          "requests": {
            "cpu": "25m",
            "memory": "96Mi",
          },
        },
        "restartPolicy": "Always",
        "securityContext": {
          "allowPrivilegeEscalation": false,
          "capabilities": {
            "add": [
              "NET_ADMIN",
              "NET_RAW",
            ],
            "drop": [
              "ALL",
            ],
          },
          "readOnlyRootFilesystem": true,
          "runAsNonRoot": false,
          "runAsUser": 0,
          "seccompProfile": {
            "type": "RuntimeDefault",
          },
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
          {
            "mountPath": "/etc/dbaudit",
            "name": "dbaudit-config",
            "readOnly": true,
          },
          {
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            "name": "dbaudit-config",
            "readOnly": true,
          },
          {
            "mountPath": "/etc/dbaudit/secrets",
            "name": "dbaudit-sinks",
            "readOnly": true,
          },
          {
            "mountPath": "/var/lib/dbaudit/spool",
            "name": "dbaudit-spool",
          },
        ],
      },
    ],
    "volumes": [
      {
        "configMap": {
          "name": "dbaudit-agent",
          "optional": true,
        },
        "name": "dbaudit-config",
      },
      {
        "name": "dbaudit-sinks",
        "secret": {
          "defaultMode": 256,
          "optional": true,
          "secretName": "dbaudit-sinks",
        },
      },
      {
        "emptyDir": {
          "sizeLimit": "1Gi",
        },
        "name": "dbaudit-spool",
      },
    ],
  },
}
`);
  });

  test('the agent comes before init containers, so that their statements are seen too', () => {
    const { spec } = injected(pod({ initContainers: [{ name: 'migrate', image: 'm' }] }));
    expect(spec.initContainers?.map(({ name }) => name)).toEqual(['dbaudit-agent', 'migrate']);
    expect(spec.initContainers?.[0]?.restartPolicy).toBe('Always');
  });

  test.each([
    ['the cluster has no native sidecars', {}, { nativeSidecars: false }],
    ['the pod wants none', setting('native-sidecar', 'false'), {}],
    ['the administrator wants none', {}, { settings: { nativeSidecar: 'false' } }],
    ['the cluster cannot what the pod wants', setting('native-sidecar', 'true'), { nativeSidecars: false }],
  ])('an ordinary container, never the first, where %s', (_, metadata, change) => {
    const { spec } = injected(pod({}, metadata), change);
    expect(spec.containers.map(({ name }) => name)).toEqual(['app', 'dbaudit-agent']);
    expect(spec.containers[1]).not.toHaveProperty('restartPolicy');
    expect(spec).not.toHaveProperty('initContainers');
  });

  test.each([
    ['no level', {}, {}, { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] }],
    ['level privileged', enforce('privileged'), {}, { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] }],
    ['an annotation', {}, setting('capabilities', 'net-raw'), { drop: ['ALL'], add: ['NET_RAW'] }],
  ])('capabilities by %s', (_, labels, metadata, capabilities) => {
    expect(agentIn(injected(pod({}, metadata), { labels })).securityContext).toMatchObject({ capabilities });
  });

  test('at level baseline nothing is added, and everything but NET_RAW is dropped by name', () => {
    const given = pod({}, setting('capabilities', 'full'));
    const { capabilities } = agentIn(injected(given, { labels: enforce('baseline') })).securityContext;
    expect(capabilities).not.toHaveProperty('add');
    expect(capabilities.drop).toHaveLength(13);
    expect(capabilities.drop).not.toContain('NET_RAW');
    expect(capabilities.drop).not.toContain('ALL');
  });

  test('the pod’s own runAsNonRoot stays, and does not reach the agent', () => {
    const securityContext = { runAsNonRoot: true, runAsUser: 1000 };
    const after = injected(pod({ securityContext }));
    expect(after.spec.securityContext).toEqual(securityContext);
    expect(agentIn(after).securityContext).toMatchObject({
      runAsNonRoot: false,
      runAsUser: 0,
      readOnlyRootFilesystem: true,
    });
  });

  test('a default container that is set stays', () => {
    const annotations = { 'kubectl.kubernetes.io/default-container': 'other' };
    expect(injected(pod({}, { annotations })).metadata?.annotations).toMatchObject(annotations);
  });

  test('the mark of an earlier round, in which it was skipped, goes', () => {
    const annotations = { 'status.dbaudit.io/skipped': 'DBA2002: x', other: 'stays' };
    const after = injected(pod({}, { annotations })).metadata?.annotations;
    expect(after).not.toHaveProperty(['status.dbaudit.io/skipped']);
    expect(after).toHaveProperty('other', 'stays');
  });

  test('what sinks need: a bounded spool, the namespace’s Secret where there is one, and no token unless asked for', () => {
    const { spec } = injected(pod({ automountServiceAccountToken: false }));
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.volumes).toContainEqual({ name: 'dbaudit-spool', emptyDir: { sizeLimit: '1Gi' } });
    expect(spec.volumes).toContainEqual({
      name: 'dbaudit-sinks',
      secret: { secretName: 'dbaudit-sinks', optional: true, defaultMode: 0o400 },
    });
    expect(JSON.stringify(spec)).not.toContain('serviceAccountToken');
  });

  test.each([
    ['an annotation', setting('sink-token', 'projected'), {}],
    ['the administrator', {}, { settings: { sinkToken: 'projected' } }],
  ])('a token for sinks, by %s: of one audience, for the agent alone', (_, metadata, change) => {
    const after = injected(pod({ automountServiceAccountToken: false }, metadata), change);
    const serviceAccountToken = { audience: 'dbaudit', expirationSeconds: 3600, path: 'token' };
    expect(after.spec.volumes).toContainEqual({
      name: 'dbaudit-token',
      projected: { defaultMode: 0o400, sources: [{ serviceAccountToken }] },
    });
    const mount = { name: 'dbaudit-token', mountPath: '/var/run/secrets/dbaudit', readOnly: true };
    expect(agentIn(after)).toMatchObject({ volumeMounts: expect.arrayContaining([mount]) });
    expect(after.spec.containers).toEqual([app]);
    expect(uninject(after).spec.volumes).toBeUndefined();
  });

  test.each([
    ['none of the pod’s containers is', [app], undefined],
    ['only a request is', [{ ...app, resources: { requests: { 'ephemeral-storage': '1Gi' } } }], undefined],
    ['one is', [app, { name: 'b', resources: { limits: { 'ephemeral-storage': '2Gi' } } }], '1280Mi'],
  ])('the agent’s ephemeral storage is limited where %s', (_, containers, limit) => {
    const { resources } = agentIn(injected(pod({ containers })));
    const storage = (amount: string) => (limit === undefined ? {} : { 'ephemeral-storage': amount });
    expect(resources).toEqual({
      requests: { cpu: '25m', memory: '96Mi', ...storage('0') },
      limits: { memory: '256Mi', ...storage(limit ?? '') },
    });
  });

  test('also where the pod bounds the rest together', () => {
    const containers = [{ ...app, resources: { limits: { 'ephemeral-storage': '2Gi' } } }];
    expect(agentIn(injected(pod({ containers, resources: { limits: { memory: '1Gi' } } }))).resources).toEqual({
      requests: { 'ephemeral-storage': '0' },
      limits: { 'ephemeral-storage': '1280Mi' },
    });
  });

  test.each([
    ['100Mi', '100Mi', '75'],
    ['3Gi', '3Gi', '2304'],
    ['1025Mi', '1025Mi', '768'],
    ['99Mi', '1Gi', '768'],
    ['0', '1Gi', '768'],
    ['1.5Gi', '1Gi', '768'],
  ])('spool-size %s: the volume has %s, of which the agent uses %s MiB', (value, size, usable) => {
    const after = injected(pod({}, setting('spool-size', value)));
    expect(after.spec.volumes).toContainEqual({ name: 'dbaudit-spool', emptyDir: { sizeLimit: size } });
    expect(environmentOf(after).get('DBAUDIT_SPOOL_TOTAL_MEBIBYTES')).toBe(usable);
  });

  test('a pod that bounds its containers together gets no bounds of ours', () => {
    expect(agentIn(injected(pod({ resources: { limits: { memory: '128Mi' } } }))).resources).toEqual({});
  });

  test.each([
    ['a template without metadata', { spec: { containers: [app] } }],
    [
      'null where YAML has an empty value',
      {
        metadata: { labels: null, annotations: null },
        spec: { containers: [app], initContainers: null, volumes: null },
      },
    ],
  ])('%s', (_, template) => {
    if (!isPod(template)) throw new Error('not a pod');
    const after = injected(template);
    expect(agentIn(after)).toBeDefined();
    expect(uninject(after).spec).toEqual({ containers: [app] });
  });
});

describe('settings', () => {
  test('the administrator’s', () => {
    const given = injected(pod(), { settings: { redact: 'literals' } });
    expect(environmentOf(given).get('DBAUDIT_REDACT')).toBe('literals');
  });

  test.each([
    ['the pod’s', setting('redact', 'none'), setting('redact', 'literals'), 'none'],
    ['the namespace’s', {}, setting('redact', 'literals'), 'literals'],
    [
      'the namespace’s where the pod’s is not valid',
      setting('redact', 'nothing'),
      setting('redact', 'literals'),
      'literals',
    ],
    ['none where nobody says anything: the agent’s configuration decides', {}, {}, undefined],
  ])('%s', (_, metadata, namespace, value) => {
    expect(environmentOf(injected(pod({}, metadata), namespace)).get('DBAUDIT_REDACT')).toBe(value);
  });

  test.each([
    ['memory-limit', '512Mi', { limits: { memory: '512Mi' } }],
    ['memory-limit', '80Mi', { requests: { memory: '80Mi' }, limits: { memory: '80Mi' } }],
    ['memory-limit', '256m', { limits: { memory: '256Mi' } }],
    ['memory-limit', '63Mi', { limits: { memory: '256Mi' } }],
    ['memory-request', '1Gi', { requests: { memory: '256Mi' }, limits: { memory: '256Mi' } }],
    ['cpu-limit', '10m', { requests: { cpu: '10m' }, limits: { cpu: '10m' } }],
    ['cpu-limit', '1', { requests: { cpu: '25m' }, limits: { cpu: '1' } }],
  ])('%s %s: a request is never above its limit, and the agent can start', (name, value, resources) => {
    expect(agentIn(injected(pod({}, setting(name, value)))).resources).toMatchObject(resources);
  });

  test('no CPU limit unless one is asked for', () => {
    expect(agentIn(injected(pod())).resources).toHaveProperty('limits', { memory: '256Mi' });
  });

  test.each([
    [setting('levle', 'x'), {}, 'DBA2016', 'annotation config.dbaudit.io/levle of the pod: there is no such setting'],
    [
      {},
      setting('ports', 'a'),
      'DBA2017',
      'annotation config.dbaudit.io/ports of the namespace: "a" is not valid; it takes port=protocol, comma-separated: 3306=mysql,6433=postgresql',
    ],
    [
      setting('memory-limit', '256m'),
      {},
      'DBA2017',
      'annotation config.dbaudit.io/memory-limit of the pod: "256m" is not valid; it takes at least 64Mi',
    ],
  ])('%j on the pod, %j on the namespace: noted, and the pod injected', (metadata, namespace, code, message) => {
    expect(inject(pod({}, metadata), surroundings(namespace))).toMatchObject({
      injected: true,
      notes: [{ code, message }],
    });
  });
});

describe('what is skipped', () => {
  const agent = { name: 'dbaudit-agent', image: 'x' };
  const skips: readonly (readonly [why: string, given: Pod, change: Change, code: string])[] = [
    ['the host’s network', pod({ hostNetwork: true }), {}, 'DBA2001'],
    ['level restricted', pod(), { labels: enforce('restricted') }, 'DBA2002'],
    ['a level that is not known', pod(), { labels: enforce('paranoid') }, 'DBA2002'],
    [
      'the administrator’s word for namespaces without level',
      pod(),
      { settings: { podSecurityDefault: 'restricted' } },
      'DBA2002',
    ],
    ['disabled by the pod', pod({}, { labels: { 'dbaudit.io/capture': 'disabled' } }), {}, 'DBA2003'],
    ['disabled by the namespace', pod(), { labels: { 'dbaudit.io/capture': 'disabled' } }, 'DBA2003'],
    ['Windows by field', pod({ os: { name: 'windows' } }), {}, 'DBA2004'],
    ['Windows by selector', pod({ nodeSelector: { 'kubernetes.io/os': 'windows' } }), {}, 'DBA2004'],
    ['a Job without native sidecars', pod({ restartPolicy: 'Never' }), { nativeSidecars: false }, 'DBA2005'],
    [
      'a Job that wants an ordinary container',
      pod({ restartPolicy: 'OnFailure' }, setting('native-sidecar', 'false')),
      {},
      'DBA2005',
    ],
    ['a namespace of the cluster', pod(), { name: 'kube-system' }, 'DBA2007'],
    ['our own namespace', pod(), { name: 'dbaudit-system' }, 'DBA2007'],
    ['a static pod', pod({}, { annotations: { 'kubernetes.io/config.mirror': 'x' } }), {}, 'DBA2008'],
    ['a container of our name', pod({ containers: [app, agent] }), {}, 'DBA2014'],
    ['an init container of our name', pod({ initContainers: [agent] }), {}, 'DBA2014'],
    ['a volume of our name', pod({ volumes: [{ name: 'dbaudit-config' }] }), {}, 'DBA2014'],
    ['a volume of the spool’s name', pod({ volumes: [{ name: 'dbaudit-spool' }] }), {}, 'DBA2014'],
    ['a label that says neither', pod({}, { labels: { 'dbaudit.io/capture': 'yes' } }), {}, 'DBA2018'],
    ['an empty label', pod(), { labels: { 'dbaudit.io/capture': '' } }, 'DBA2018'],
  ];
  test.each(skips)('%s', (_, given, change, code) => {
    expect(inject(given, surroundings(change))).toEqual({ injected: false, code, reason: expect.any(String) });
  });

  test('no label anywhere', () => {
    const { namespace, ...rest } = surroundings();
    expect(inject(pod(), { ...rest, namespace: { ...namespace, labels: {} } })).toMatchObject({ code: 'DBA2019' });
  });

  test('the pod’s label wins over the namespace’s', () => {
    const labels = { 'dbaudit.io/capture': 'disabled' };
    expect(inject(pod({}, { labels: { 'dbaudit.io/capture': 'enabled' } }), surroundings({ labels }))).toMatchObject({
      injected: true,
    });
  });

  test('a Job gets a native sidecar', () => {
    expect(agentIn(injected(pod({ restartPolicy: 'Never' })))).toBeDefined();
  });
});

describe('what was put in before', () => {
  test('stays, though the namespace is now excluded', () => {
    const once = injected(pod());
    expect(inject(once, surroundings({ name: 'kube-system' }))).toEqual({ injected: true, pod: once, notes: [] });
  });

  test('is taken out, and what others added since stays', () => {
    const once = injected(pod());
    const later = {
      ...once,
      spec: { ...once.spec, initContainers: [{ name: 'istio-proxy' }, ...(once.spec.initContainers ?? [])] },
    };
    expect(uninject(later)).toEqual(pod({ initContainers: [{ name: 'istio-proxy' }] }));
  });

  test('a status that cannot be read costs the empty maps alone', () => {
    const once = injected(pod());
    const annotations = { ...once.metadata?.annotations, 'status.dbaudit.io/injection': '{' };
    const after = uninject({ ...once, metadata: { ...once.metadata, annotations } });
    expect(after.spec).toEqual({ containers: [app], initContainers: [], volumes: [] });
  });

  test('a status cannot have anything else taken out', () => {
    const once = injected(pod());
    const status = JSON.stringify({
      version: '1',
      source: 'file',
      mode: 'sidecar',
      native: true,
      created: ['/spec/containers', '/metadata/name'],
    });
    const annotations = { ...once.metadata?.annotations, 'status.dbaudit.io/injection': status };
    expect(uninject({ ...once, metadata: { ...once.metadata, annotations } })).toMatchObject({
      metadata: { name: 'a' },
      spec: { containers: [app] },
    });
  });

  test('a pod without agent comes back as it is', () => {
    const given = pod();
    expect(uninject(given)).toBe(given);
  });
});
