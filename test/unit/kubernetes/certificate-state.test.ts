import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  bundleOf,
  makeState,
  nextStep,
  parseState,
  type Situation,
  type Step,
  stateData,
  takeStep,
} from '../../../kubernetes/certificates/certificate-state.ts';
import { makeLeaf, serviceNames } from '../../../kubernetes/certificates/key-pairs.ts';

const NOW = new Date();
const NAMES = serviceNames('dbaudit-injector', 'dbaudit-system');
const fresh = await makeState(NAMES, NOW);
const at = (days: number) => new Date(NOW.getTime() + days * 86_400_000);
const situation = (more: Partial<Situation> = {}): Situation => ({
  now: NOW,
  dnsNames: NAMES,
  rotate: undefined,
  settled: true,
  ...more,
});
const take = (step: Step, state = fresh, now = NOW) => takeStep(step, state, { now, dnsNames: NAMES });

describe('what is to be done', () => {
  test.each<[string, Partial<Situation>, Step | undefined]>([
    ['nothing at first', {}, undefined],
    ['nothing on day 19', { now: at(19) }, undefined],
    ['a new leaf on day 21', { now: at(21) }, 'renew-leaf'],
    ['a new leaf when asked for', { rotate: 'leaf' }, 'renew-leaf'],
    ['a new leaf for another name', { dnsNames: ['other.svc'] }, 'renew-leaf'],
    ['a new authority when asked for', { rotate: 'ca' }, 'stage-authority'],
    ['nothing for a word that is not known', { rotate: 'everything' }, undefined],
    ['a new authority when the old one has ended', { now: at(366) }, 'stage-authority'],
  ])('%s', (_, more, step) => {
    expect(nextStep(fresh, situation(more))).toBe(step);
  });

  test('a new authority after two thirds of a year', async () => {
    const now = at(250);
    const leaf = await makeLeaf({ authority: fresh.authority, dnsNames: NAMES, now });
    expect(nextStep({ ...fresh, leaf }, situation({ now }))).toBe('stage-authority');
  });

  test('a roll waits until what is published is known everywhere, and is not begun twice', async () => {
    const staged = await take('stage-authority');
    expect(nextStep(staged, situation({ settled: false, rotate: 'ca' }))).toBeUndefined();
    expect(nextStep(staged, situation())).toBe('promote-authority');
    const promoted = await take('promote-authority', staged);
    expect(nextStep(promoted, situation({ settled: false, rotate: 'ca' }))).toBeUndefined();
    expect(nextStep(promoted, situation({ rotate: 'ca' }))).toBe('drop-authority');
    const dropped = await take('drop-authority', promoted);
    expect(nextStep(dropped, situation())).toBeUndefined();
    expect(nextStep(dropped, situation({ rotate: 'ca' }))).toBe('stage-authority');
  });

  test('an authority that has ended is replaced without waiting', async () => {
    const staged = await take('stage-authority', fresh, at(366));
    expect(nextStep(staged, situation({ now: at(366), settled: false }))).toBe('promote-authority');
  });
});

test('through a roll, the leaf before and the leaf after each step are trusted by the bundle before and after it', async () => {
  const trusts = (bundle: string, leaf: string): boolean =>
    bundle
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .some((ca) => new X509Certificate(leaf).verify(new X509Certificate(ca).publicKey));
  let state = fresh;
  for (const step of ['renew-leaf', 'stage-authority', 'promote-authority', 'drop-authority'] as const) {
    const next = await take(step, state);
    for (const bundle of [bundleOf(state), bundleOf(next)]) {
      for (const { certificate } of [state.leaf, next.leaf]) expect(trusts(bundle, certificate)).toBe(true);
    }
    // So that the webhook configuration need not be written at the moment when the new authority takes over.
    if (step === 'promote-authority') expect(bundleOf(next)).toBe(bundleOf(state));
    state = next;
  }
  expect(state.authority).not.toEqual(fresh.authority);
  expect(trusts(bundleOf(state), fresh.leaf.certificate)).toBe(false);
});

describe('the Secret', () => {
  test('holds each state without loss', async () => {
    const staged = await take('stage-authority');
    for (const state of [fresh, staged, await take('promote-authority', staged)]) {
      expect(parseState(stateData(state))).toEqual(state);
    }
  });

  test.each([
    ['is empty', {}],
    ['lacks the key', { ...stateData(fresh), 'tls.key': undefined }],
    ['holds the key of something else', { ...stateData(fresh), 'tls.key': stateData(fresh)['ca.key'] }],
    ['holds no certificate', { ...stateData(fresh), 'ca.crt': Buffer.from('hello').toString('base64') }],
  ])('that %s is not taken', (_, data) => {
    expect(() => parseState(data)).toThrow();
  });
});
