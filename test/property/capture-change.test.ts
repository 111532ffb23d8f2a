import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Capture, isSelected } from '../../cmd/capture/selection.ts';
import { captureStateOf, nextState, patchBetween } from '../../cmd/capture/template-change.ts';
import type { KubernetesObject } from '../../cmd/kubernetes/cluster.ts';
import { asWorkload, podTemplateOf, type Workload } from '../../cmd/kubernetes/workloads.ts';
import { CAPTURE_LABEL } from '../../contract/labels.ts';
import { FakeCluster } from '../support/fake-cluster.ts';

const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const captureLabel = maybe(fc.constantFrom('enabled', 'disabled', 'yes'));

/** Templates with and without the maps, with labels and a restart of the user's own. */
const templates = fc
  .record({
    label: captureLabel,
    restartedAt: maybe(fc.constant('2026-01-02T03:04:05Z')),
    others: maybe(fc.constant({ app: 'x' })),
    spec: fc.constant({ containers: [{ name: 'main', image: 'x' }], unknown: { kept: true } }),
  })
  .map(({ label, restartedAt, others, spec }) => {
    const labels = { ...others, ...(label === undefined ? {} : { [CAPTURE_LABEL]: label }) };
    const annotations = restartedAt === undefined ? {} : { [RESTARTED_AT]: restartedAt };
    return asStored({ metadata: { labels, annotations }, spec });
  });

const workloads = fc.record({ template: templates, cron: fc.boolean() }).map(
  ({ template, cron }): KubernetesObject =>
    asStored(
      cron
        ? {
            apiVersion: 'batch/v1',
            kind: 'CronJob',
            metadata: { name: 'x', namespace: 'n' },
            spec: { jobTemplate: { spec: { template } } },
          }
        : { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', namespace: 'n' }, spec: { template } },
    ),
);

const NOW = '2026-11-21T10:00:00.000Z';
const LATER = '2026-11-21T11:00:00.000Z';

describe('a change of capture', () => {
  test('does what was wished, and nothing the second time', async () => {
    await fc.assert(
      fc.asyncProperty(
        workloads,
        captureLabel,
        fc.constantFrom<Capture>('enabled', 'disabled'),
        async (object, namespaceLabel, wanted) => {
          const changed = await change(object, { wanted, namespaceLabel, restart: false, now: NOW });
          expect(isSelected({ pod: labelOf(changed), namespace: namespaceLabel })).toBe(wanted === 'enabled');
          expect(
            nextState(captureStateOf(changed), { wanted, namespaceLabel, restart: false, now: LATER }),
          ).toBeUndefined();
        },
      ),
    );
  });

  test('taken back leaves the object byte for byte as it was, restarts of ours included', async () => {
    await fc.assert(
      fc.asyncProperty(workloads, captureLabel, fc.boolean(), async (object, namespaceLabel, restart) => {
        const selected = isSelected({ pod: labelOf(load(object)), namespace: namespaceLabel });
        const [there, back]: [Capture, Capture] = selected ? ['disabled', 'enabled'] : ['enabled', 'disabled'];
        const changed = await change(object, { wanted: there, namespaceLabel, restart, now: NOW });
        const restored = await change(changed.object, { wanted: back, namespaceLabel, restart, now: LATER });
        expect(JSON.stringify(restored.object)).toBe(JSON.stringify(object));
      }),
    );
  });

  test('of a namespace that restarts is taken back too, whatever other restarts came between', async () => {
    await fc.assert(
      fc.asyncProperty(workloads, fc.nat(3), async (object, restarts) => {
        const before = load(object);
        fc.pre(labelOf(before) === undefined);
        let now = before.object;
        for (let count = 0; count <= restarts; count++) {
          const wish = {
            wanted: 'enabled',
            namespaceLabel: 'enabled',
            restart: true,
            now: `2026-11-21T10:00:0${count}Z`,
          } as const;
          now = (await change(now, wish)).object;
          expect(podTemplateOf(load(now))?.metadata.annotations?.[RESTARTED_AT]).toBe(wish.now);
        }
        const wish = { wanted: 'disabled', namespaceLabel: 'disabled', restart: true, now: LATER } as const;
        expect(JSON.stringify((await change(now, wish)).object)).toBe(JSON.stringify(object));
      }),
    );
  });

  test('a restart of the user’s own since then stays', async () => {
    const object: KubernetesObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'x', namespace: 'n' },
      spec: { template: { metadata: { labels: { app: 'x' } }, spec: {} } },
    };
    const wish = { namespaceLabel: 'enabled', restart: true, now: NOW } as const;
    const enabled = await change(object, { ...wish, wanted: 'enabled' });
    const own = { metadata: { annotations: { [RESTARTED_AT]: '2026-11-21T10:30:00Z' } } };
    const cluster = new FakeCluster([enabled.object]);
    const restarted = await cluster.patch(enabled.kind.type, 'x', 'n', {
      type: 'merge',
      body: { spec: { template: own } },
    });
    const disabled = await change(restarted, {
      wanted: 'disabled',
      namespaceLabel: undefined,
      restart: false,
      now: LATER,
    });
    expect(podTemplateOf(disabled)?.metadata.annotations).toEqual(own.metadata.annotations);
  });
});

async function change(object: KubernetesObject, wish: Parameters<typeof nextState>[1]): Promise<Workload> {
  const workload = load(object);
  const from = captureStateOf(workload);
  const to = nextState(from, wish);
  if (!to) return workload;
  const { name, namespace } = object.metadata;
  const cluster = new FakeCluster([object]);
  const patched = await cluster.patch(workload.kind.type, name, namespace, patchBetween(workload, from, to));
  return load(JSON.parse(JSON.stringify(asStored(patched))));
}

function load(object: KubernetesObject): Workload {
  const workload = asWorkload(object);
  if (!workload) throw new Error(`${object.kind} makes no pods`);
  return workload;
}

function labelOf(workload: Workload): string | undefined {
  return podTemplateOf(workload)?.metadata.labels?.[CAPTURE_LABEL];
}

/** As the API server writes objects: fields in one order, and no empty `labels` or `annotations`. */
function asStored<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    const entries = Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0 && (key === 'labels' || key === 'annotations')) return undefined;
    return Object.fromEntries(entries);
  });
}
