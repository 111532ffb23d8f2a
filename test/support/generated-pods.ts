import fc from 'fast-check';
import { injectionSettingsSchema } from '../../contract/injection-settings.ts';
import { CAPTURE_LABEL, OWN_VOLUMES, POD_SECURITY_LABEL, SETTING_PREFIX, SETTINGS } from '../../contract/labels.ts';
import type { Pod, Surroundings } from '../../webhook/inject.ts';

const name = fc.stringMatching(/^[a-z]([a-z0-9]{0,6}[a-z0-9])?$/);
/** Once in `times`. */
const once = <Value>(times: number, values: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values });
const seldom = <Value>(values: fc.Arbitrary<Value>) => once(4, values);
const maybe = <Value>(values: fc.Arbitrary<Value>) => once(2, values);

/** Without members that are undefined: a field that is absent, as JSON has it. */
function present<Value extends object>(value: Value): Value {
  return JSON.parse(JSON.stringify(value));
}

const QUANTITIES = [
  '0',
  '1',
  '25m',
  '0.5',
  '1.5',
  '64Mi',
  '63.9Mi',
  '96Mi',
  '100m',
  '256m',
  '512Mi',
  '2Gi',
  '99999999999999999999Gi',
  '',
  '-1',
  '1e3',
  '1 Gi',
  '5Ti',
  '100Mi',
  '99Mi',
  '0100Mi',
];
const VALUES = [
  '',
  'mysql',
  'mysql,redis',
  'MySQL',
  '3306=mysql',
  '3306=mysql,6433=postgresql',
  '123456=mysql',
  'secrets',
  'none',
  'all',
  'debug',
  'true',
  'false',
  'auto',
  'Never',
  'full',
  'net-raw',
  'net-raw\n',
  'projected',
  '"',
  '\\',
  'é🙂',
  ...QUANTITIES,
];
const settingKey = fc.constantFrom(
  ...SETTINGS.map((setting) => SETTING_PREFIX + setting.name),
  `${SETTING_PREFIX}imaginary`,
);

/** Valid settings, invalid ones and such as do not exist. */
export const settingAnnotations = fc.dictionary(settingKey, fc.constantFrom(...VALUES), { maxKeys: 5 });

const labels = fc
  .record({
    own: fc.dictionary(name, name, { maxKeys: 2 }),
    capture: fc.constantFrom(undefined, undefined, 'enabled', 'enabled', 'disabled', 'on'),
  })
  .map(({ own, capture }) => ({ ...own, ...(capture === undefined ? {} : { [CAPTURE_LABEL]: capture }) }));

const annotations = fc
  .record({
    own: fc.dictionary(name, fc.string({ unit: 'grapheme', maxLength: 9 }), { maxKeys: 2 }),
    settings: settingAnnotations,
    defaultContainer: seldom(name),
    mirror: once(15, fc.constant('x')),
  })
  .map(({ own, settings, defaultContainer, mirror }) => ({
    ...own,
    ...settings,
    ...(defaultContainer === undefined ? {} : { 'kubectl.kubernetes.io/default-container': defaultContainer }),
    ...(mirror === undefined ? {} : { 'kubernetes.io/config.mirror': mirror }),
  }));

const containerName = fc.oneof({ weight: 30, arbitrary: name }, { weight: 1, arbitrary: fc.constant('dbaudit-agent') });
/** As a limit it makes the pod's sum of limits count. */
const storageResources = fc.constantFrom(
  {},
  { limits: { memory: '1Gi' } },
  { limits: { 'ephemeral-storage': '2Gi' } },
  { requests: { 'ephemeral-storage': '1Gi' }, limits: { 'ephemeral-storage': '1Gi', cpu: '1' } },
  { requests: { 'ephemeral-storage': '1Gi' } },
);
const container = fc.record({
  name: containerName,
  image: name,
  securityContext: seldom(fc.constant({ runAsUser: 7 })),
  resources: seldom(storageResources),
});
const initContainer = fc.record({
  name: containerName,
  image: name,
  /** Another injector's native sidecar. */
  restartPolicy: seldom(fc.constant('Always')),
  resources: seldom(storageResources),
});
const volume = fc.record({
  name: fc.oneof({ weight: 30, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom(...OWN_VOLUMES) }),
  emptyDir: fc.constant({}),
});
const byName = <Item extends { name: string }>(items: fc.Arbitrary<Item>, minLength = 0) =>
  fc.uniqueArray(items, { minLength, maxLength: 3, selector: (item) => item.name });

const spec = fc.record({
  containers: byName(container, 1),
  initContainers: maybe(byName(initContainer)),
  volumes: maybe(byName(volume)),
  hostNetwork: once(12, fc.boolean()),
  restartPolicy: seldom(fc.constantFrom('Always', 'Never', 'OnFailure')),
  nodeSelector: seldom(fc.dictionary(fc.constantFrom('kubernetes.io/os', 'zone'), fc.constantFrom('linux', 'windows'))),
  os: once(12, fc.record({ name: fc.constantFrom('linux', 'windows') })),
  securityContext: seldom(fc.constant({ runAsNonRoot: true, runAsUser: 1000 })),
  resources: seldom(fc.constantFrom({}, { limits: { memory: '1Gi' } })),
});

/** Pods as an API server takes them, most of them selected. Names are unique within each list only. */
export const validPods: fc.Arbitrary<Pod> = fc
  .record({
    metadata: fc.record({ generateName: fc.constant('p-'), labels: maybe(labels), annotations: maybe(annotations) }),
    spec,
  })
  .map(present);

const anything = fc.dictionary(fc.string({ maxLength: 9 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2 });
const KNOWN = [
  'metadata',
  'spec',
  'labels',
  'annotations',
  'containers',
  'initContainers',
  'volumes',
  'hostNetwork',
  'restartPolicy',
  'nodeSelector',
  'os',
  'resources',
];
const unknown = anything.map((fields) =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => !KNOWN.includes(key))),
);

/** Pod templates with fields of a future version anywhere, and without metadata. */
export const wildPods: fc.Arbitrary<Pod> = fc
  .record({
    pod: validPods,
    top: unknown,
    meta: unknown,
    spec: unknown,
    item: unknown,
    bare: once(8, fc.constant(true)),
  })
  .map(({ pod, top, meta, spec, item, bare }) => ({
    ...top,
    ...(bare ? {} : { metadata: { ...meta, ...pod.metadata } }),
    spec: {
      ...spec,
      ...pod.spec,
      containers: pod.spec.containers.map((each) => ({ ...item, ...each })),
    },
  }))
  .map(present);

export const generatedSettings = fc
  .record({
    nativeSidecar: fc.constantFrom('auto', 'true', 'false'),
    capabilities: fc.constantFrom('full', 'net-raw'),
    podSecurityDefault: fc.constantFrom('privileged', 'baseline', 'restricted'),
    redact: fc.constantFrom('secrets', 'literals', 'none'),
    spoolSize: fc.constantFrom(undefined, '100Mi', '1023Mi', '3Gi'),
    sinkToken: fc.constantFrom('none', 'projected'),
    resources: fc.constantFrom(
      undefined,
      { limits: { cpu: '500m' } },
      { requests: { memory: '64Mi' }, limits: { memory: '128Mi' } },
    ),
  })
  .map((settings) => injectionSettingsSchema.parse(present(settings)));

const generatedNamespaces: fc.Arbitrary<Surroundings['namespace']> = fc.record({
  name: fc.constantFrom('shop', 'shop', 'shop', 'kube-system'),
  labels: fc
    .record({
      [CAPTURE_LABEL]: fc.constantFrom(undefined, 'enabled', 'enabled', 'disabled'),
      [POD_SECURITY_LABEL]: fc.constantFrom(undefined, 'privileged', 'baseline', 'restricted'),
    })
    .map((labels): Record<string, string> => present(labels) as Record<string, string>),
  annotations: settingAnnotations,
});

export const generatedSurroundings: fc.Arbitrary<Surroundings> = fc.record({
  namespace: generatedNamespaces,
  settings: generatedSettings,
  nativeSidecars: fc.boolean(),
  source: fc.constantFrom('webhook', 'file'),
  ownNamespace: fc.constant('dbaudit-system'),
});
