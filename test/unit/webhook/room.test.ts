import { describe, expect, test } from '@jest/globals';
import type { V1LimitRange, V1LimitRangeItem, V1ResourceQuota } from '@kubernetes/client-node';
import type { Pod } from '../../../webhook/pod.ts';
import { usageOf } from '../../../webhook/pod-usage.ts';
import { parseAmount } from '../../../webhook/resource-amount.ts';
import { type Allowance, findRoom } from '../../../webhook/room.ts';
import { podWith } from '../../support/admission.ts';

const AGENT = {
  name: 'dbaudit-agent',
  restartPolicy: 'Always',
  resources: { requests: { cpu: '25m', memory: '96Mi' }, limits: { memory: '256Mi' } },
};

function app(resources: object = {}, spec: object = {}): Pod {
  return podWith({ containers: [{ name: 'app', resources }], ...spec });
}

function room(before: Pod, allowance: Partial<Allowance>) {
  const injected = { ...before, spec: { ...before.spec, initContainers: [AGENT] } };
  return findRoom(before, injected, { quotas: [], limitRanges: [], reserved: new Map(), ...allowance });
}

function quota(hard: Record<string, string>, used: Record<string, string> = {}, spec: object = {}): V1ResourceQuota {
  return { metadata: { name: 'q' }, spec: { hard, ...spec }, status: { hard, used } };
}

function limitRange(...limits: V1LimitRangeItem[]): V1LimitRange {
  return { metadata: { name: 'l' }, spec: { limits } };
}

const FULL = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '64Mi' } };

describe('a quota', () => {
  test.each([
    ['with room for both', { 'requests.memory': '160Mi' }, true],
    ['with room for the application alone', { 'requests.memory': '159Mi' }, false],
    ['under its short name', { memory: '159Mi' }, false],
    ['on limits', { 'limits.memory': '319Mi' }, false],
    ['on the number of pods, which the agent does not change', { pods: '0' }, true],
    ['on what nobody uses', { 'requests.nvidia.com/gpu': '0' }, true],
  ])('%s', (_, hard, fits) => {
    expect(room(app(FULL), { quotas: [quota(hard)] }).fits).toBe(fits);
  });

  test('counts what is used and what is let through already', () => {
    const quotas = [quota({ cpu: '1' }, { cpu: '800m' })];
    expect(room(app(FULL), { quotas }).fits).toBe(true);
    const reserved = new Map([['q', { cpu: parseAmount('100m') }]]);
    expect(room(app(FULL), { quotas, reserved })).toEqual({
      fits: false,
      reason: 'quota q: cpu of 1 would be exceeded',
    });
  });

  test('that demands a CPU limit of every container gets one, the most generous that fits', () => {
    const limitOf = (hard: string): unknown => {
      const found = room(app(FULL), { quotas: [quota({ 'limits.cpu': hard })] });
      return found.fits ? found.pod.spec.initContainers?.[0]?.resources : found.reason;
    };
    expect(limitOf('2')).toMatchObject({ limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '25m' } });
    expect(limitOf('1200m')).toMatchObject({ limits: { cpu: '200m' } });
    expect(limitOf('1025m')).toMatchObject({ limits: { cpu: '25000000n' } });
    expect(limitOf('1024m')).toContain('quota q');
  });

  test('for pods without requests is left by a pod that gets some, and another takes effect', () => {
    const bestEffort = quota({ pods: '10' }, {}, { scopes: ['BestEffort'] });
    const others = quota({ 'requests.cpu': '8' }, {}, { scopes: ['NotBestEffort'] });
    expect(room(app(), { quotas: [bestEffort] }).fits).toBe(true);
    expect(room(app(), { quotas: [others] })).toEqual({
      fits: false,
      reason: 'quota q: every container must set requests.cpu',
    });
  });

  test.each([
    ['Terminating', { activeDeadlineSeconds: 5 }, false],
    ['Terminating', {}, true],
    ['NotTerminating', {}, false],
    ['AScopeOfTheFuture', {}, false],
  ])('of scope %s for a pod with %j', (scope, spec, fits) => {
    const quotas = [quota({ memory: '100Mi' }, {}, { scopes: [scope] })];
    expect(room(app(FULL, spec), { quotas }).fits).toBe(fits);
  });

  test.each([
    ['In', ['high'], false],
    ['In', ['low'], true],
    ['NotIn', ['high'], true],
    ['Exists', undefined, false],
    ['DoesNotExist', undefined, true],
  ])('for priority classes %s %j', (operator, values, fits) => {
    const scopeSelector = { matchExpressions: [{ scopeName: 'PriorityClass', operator, ...(values && { values }) }] };
    const quotas = [quota({ memory: '100Mi' }, {}, { scopeSelector })];
    expect(room(app(FULL, { priorityClassName: 'high' }), { quotas }).fits).toBe(fits);
  });
});

describe('a limit range', () => {
  test.each<[string, V1LimitRangeItem, boolean]>([
    ['minimum below', { type: 'Container', min: { memory: '96Mi' } }, true],
    ['minimum above', { type: 'Container', min: { memory: '97Mi' } }, false],
    ['maximum above', { type: 'Container', max: { memory: '256Mi' } }, true],
    ['maximum below', { type: 'Container', max: { memory: '255Mi' } }, false],
    ['maximum of CPU: a limit is set', { type: 'Container', max: { cpu: '250m' } }, true],
    ['ratio kept', { type: 'Container', maxLimitRequestRatio: { memory: '3' } }, true],
    ['ratio passed', { type: 'Container', maxLimitRequestRatio: { memory: '2' } }, false],
    ['ratio of CPU: the limit is the request', { type: 'Container', maxLimitRequestRatio: { cpu: '1' } }, true],
    ['sum of the pod kept', { type: 'Pod', max: { memory: '320Mi' } }, true],
    ['sum of the pod passed', { type: 'Pod', max: { memory: '319Mi' } }, false],
    ['default CPU limit below the request: another is set', { type: 'Container', _default: { cpu: '10m' } }, true],
    ['of a volume claim', { type: 'PersistentVolumeClaim', max: { storage: '1' } }, true],
  ])('%s', (_, item, fits) => {
    expect(room(app(FULL), { limitRanges: [limitRange(item)] }).fits).toBe(fits);
  });

  test('as a watch delivers it gives the same default as from a list', () => {
    const quotas = [quota({ 'limits.cpu': '3' })];
    for (const name of ['default', '_default']) {
      const item = Object.assign({ type: 'Container' }, { [name]: { cpu: '2' } });
      const found = room(app(FULL), { quotas, limitRanges: [limitRange(item)] });
      expect(found).toMatchObject({ fits: true, charged: new Map([['q', { 'limits.cpu': parseAmount('3') }]]) });
    }
  });
});

test('what the pod sets for all of its containers is not passed', () => {
  const resources = { requests: { memory: '150Mi' } };
  expect(room(app(FULL, { resources }), {})).toMatchObject({ fits: false });
  expect(room(app(FULL, { resources: { requests: { memory: '160Mi' } } }), {}).fits).toBe(true);
});

test('init containers count one after the other, sidecars as long as the pod runs', () => {
  const cpu = (amount: string, more: object = {}) => ({ name: 'x', resources: { requests: { cpu: amount } }, ...more });
  const pod = podWith({
    containers: [cpu('1'), cpu('1')],
    initContainers: [cpu('4'), cpu('500m', { restartPolicy: 'Always' }), cpu('3')],
    overhead: { cpu: '100m' },
  });
  expect(usageOf(pod).requests).toEqual({ cpu: parseAmount('4100m') });
  const steady = podWith({
    containers: [cpu('4')],
    initContainers: [cpu('500m', { restartPolicy: 'Always' }), cpu('3')],
  });
  expect(usageOf(steady).requests).toEqual({ cpu: parseAmount('4500m') });
});
