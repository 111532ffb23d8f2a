import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import { injectionStatusSchema } from '../../contract/injection-settings.ts';
import { CAPTURE_LABEL, OWN_VOLUMES } from '../../contract/labels.ts';
import { inject, isPod, type Pod, type Surroundings, uninject } from '../../webhook/inject.ts';
import { generatedSurroundings, validPods, wildPods } from '../support/generated-pods.ts';

/** With an agent; undefined where the pod is skipped. */
function injected(pod: Pod, surroundings: Surroundings): Pod | undefined {
  const injection = inject(pod, surroundings);
  return injection.injected ? injection.pod : undefined;
}

function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

const pods = fc.oneof(validPods, wildPods);
const RUNS = 400;
const SAMPLES = 3_000;

describe('injection', () => {
  test('what is generated is injected often enough for the rest to mean something', () => {
    const outcomes = fc.sample(fc.tuple(pods, generatedSurroundings), SAMPLES).map(([pod, surroundings]) => {
      const injection = inject(pod, surroundings);
      return injection.injected ? 'injected' : injection.code;
    });
    const seen = new Set(outcomes);
    expect([...seen].toSorted()).toEqual([
      'DBA2001',
      'DBA2002',
      'DBA2003',
      'DBA2004',
      'DBA2005',
      'DBA2007',
      'DBA2008',
      'DBA2014',
      'DBA2018',
      'DBA2019',
      'injected',
    ]);
    expect(outcomes.filter((outcome) => outcome === 'injected').length).toBeGreaterThan(SAMPLES / 10);
  });

  test('what was put in can be taken out: the pod is as before', () => {
    fc.assert(
      fc.property(pods, generatedSurroundings, (pod, surroundings) => {
        const after = injected(pod, surroundings);
        fc.pre(after !== undefined);
        expect(uninject(after)).toEqual(pod);
        expect(JSON.stringify(uninject(after))).toBe(JSON.stringify(pod));
      }),
      { numRuns: RUNS },
    );
  });

  test('also after the way through an admission patch and JSON', () => {
    fc.assert(
      fc.property(pods, generatedSurroundings, (pod, surroundings) => {
        const after = injected(pod, surroundings);
        fc.pre(after !== undefined);
        const patch = JSON.parse(JSON.stringify(jsonPatch.compare(pod, after)));
        expect(jsonPatch.applyPatch(structuredClone(pod), patch).newDocument).toEqual(after);
        expect(uninject(JSON.parse(JSON.stringify(after)))).toEqual(pod);
      }),
      { numRuns: RUNS },
    );
  });

  test('a second time changes nothing, whatever the surroundings are then', () => {
    fc.assert(
      fc.property(pods, generatedSurroundings, generatedSurroundings, (pod, surroundings, later) => {
        const once = injected(pod, surroundings);
        fc.pre(once !== undefined);
        expect(JSON.stringify(injected(once, later))).toBe(JSON.stringify(once));
      }),
      { numRuns: RUNS },
    );
  });

  test('the pod given stays as it is, and what comes back is one', () => {
    fc.assert(
      fc.property(pods.map(frozen), generatedSurroundings.map(frozen), (pod, surroundings) => {
        const after = injected(pod, surroundings);
        fc.pre(after !== undefined);
        expect(isPod(after)).toBe(true);
        expect(isPod(uninject(frozen(after)))).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('the application’s own containers, init containers and volumes keep their order and content', () => {
    fc.assert(
      fc.property(pods, generatedSurroundings, (pod, surroundings) => {
        const after = injected(pod, surroundings);
        fc.pre(after !== undefined);
        const { native } = injectionStatusSchema.parse(
          JSON.parse(after.metadata?.annotations?.['status.dbaudit.io/injection'] ?? ''),
        );
        const init = after.spec.initContainers ?? [];
        expect(native ? init.slice(1) : init).toEqual(pod.spec.initContainers ?? []);
        expect(native ? after.spec.containers : after.spec.containers.slice(0, -1)).toEqual(pod.spec.containers);
        const volumes = pod.spec.volumes ?? [];
        expect((after.spec.volumes ?? []).slice(0, volumes.length)).toEqual(volumes);
        const added = (after.spec.volumes ?? []).slice(volumes.length).map(({ name }) => name);
        expect(OWN_VOLUMES.filter((name) => added.includes(name)).length).toBe(added.length);
      }),
      { numRuns: RUNS },
    );
  });

  test('a pod that says disabled is never touched', () => {
    fc.assert(
      fc.property(pods, generatedSurroundings, (pod, surroundings) => {
        const labels = { ...pod.metadata?.labels, [CAPTURE_LABEL]: 'disabled' };
        const injection = inject({ ...pod, metadata: { ...pod.metadata, labels } }, surroundings);
        expect(injection.injected).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });
});
