import { describe, expect, test } from '@jest/globals';
import fastJsonPatch from 'fast-json-patch';
import type { AdmissionReviewResponse } from '../../../webhook/admission-review.ts';
import { admissionParts, podWith, review, reviewOf } from '../../support/admission.ts';

const OWNER = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'orders-1', uid: 'u1', controller: true };

/** The pod as the API server has it afterwards. */
function patched(pod: object, { response }: AdmissionReviewResponse): unknown {
  const patch: unknown = JSON.parse(
    Buffer.from(response.patch ?? Buffer.from('[]').toString('base64'), 'base64').toString(),
  );
  if (!Array.isArray(patch)) throw new Error('the patch is no list');
  return fastJsonPatch.applyPatch(structuredClone(pod), patch, true, false).newDocument;
}

describe('a pod that is created', () => {
  test('gets the agent, and keeps fields that nobody knows', async () => {
    const { parts, told } = admissionParts();
    const pod = podWith({ fieldOfTheFuture: { deep: [1, null] } }, { ownerReferences: [OWNER] });
    const answer = await review(reviewOf(pod), parts);
    expect(answer).toMatchObject({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: '4b0b6f5e', allowed: true, patchType: 'JSONPatch', auditAnnotations: { injected: 'true' } },
    });
    expect(patched(pod, answer)).toMatchObject({
      metadata: { name: 'orders', labels: { 'dbaudit.io/injected': 'true' }, ownerReferences: [OWNER] },
      spec: {
        fieldOfTheFuture: { deep: [1, null] },
        containers: [{ name: 'app', image: 'app' }],
        initContainers: [{ name: 'dbaudit-agent', restartPolicy: 'Always' }],
      },
    });
    expect(told.answered).toEqual([['injected', undefined]]);
    expect(told.injectedInto).toEqual(['shop']);
    expect(told.events).toMatchObject([{ namespace: 'shop', reason: 'CaptureInjected' }]);
  });

  test('gets it once: asked again with the injected pod nothing is changed', async () => {
    const { parts, told } = admissionParts();
    const pod = podWith();
    const injected = patched(pod, await review(reviewOf(pod), parts));
    const again = await review(reviewOf(injected), parts);
    expect(again.response.patch).toBeUndefined();
    expect(told.answered.at(-1)).toEqual(['unchanged', undefined]);
    expect(told.events).toHaveLength(1);
  });

  test('is told that a setting is not valid, by warning, audit annotation and Event', async () => {
    const { parts, told } = admissionParts();
    const pod = podWith({}, { annotations: { 'config.dbaudit.io/redact': 'everything' } });
    const { response } = await review(reviewOf(pod), parts);
    expect(response.warnings).toEqual([expect.stringMatching(/^dbaudit: DBA2017: .*redact/)]);
    expect(response.auditAnnotations).toEqual({ injected: 'true', notes: 'DBA2017' });
    expect(told.events[0]?.message).toContain('DBA2017');
  });

  test('in a dry run is answered the same, and nothing else happens', async () => {
    const { parts, told } = admissionParts();
    const answer = await review(reviewOf(podWith(), { dryRun: true }), parts);
    expect(answer.response.patch).toBeDefined();
    expect(told.events).toEqual([]);
    expect(told.injectedInto).toEqual([]);
  });

  test('that was skipped before and can be injected now loses the mark', async () => {
    const { parts } = admissionParts();
    const pod = podWith({}, { annotations: { 'status.dbaudit.io/skipped': 'DBA2014: x', other: 'y' } });
    const after = patched(pod, await review(reviewOf(pod), parts));
    expect(after).toMatchObject({ metadata: { annotations: { other: 'y' } } });
    expect(after).not.toMatchObject({ metadata: { annotations: { 'status.dbaudit.io/skipped': expect.anything() } } });
  });
});

describe('a pod that cannot be captured', () => {
  test('is marked, and its owner, the API server’s log and the caller are told why', async () => {
    const { parts, told } = admissionParts();
    const pod = podWith({ hostNetwork: true }, { ownerReferences: [OWNER] });
    const answer = await review(reviewOf(pod), parts);
    expect(patched(pod, answer)).toEqual({
      ...pod,
      metadata: { ...pod.metadata, annotations: { 'status.dbaudit.io/skipped': expect.stringMatching(/^DBA2001: ./) } },
    });
    expect(answer.response.warnings).toEqual([expect.stringMatching(/^dbaudit: DBA2001: ./)]);
    expect(answer.response.auditAnnotations).toMatchObject({ injected: 'false', code: 'DBA2001' });
    expect(told.events).toMatchObject([{ reason: 'CaptureSkipped', codes: 'DBA2001' }]);
    expect(told.answered).toEqual([['skipped', 'DBA2001']]);
    expect(told.injectedInto).toEqual([]);
  });

  test('for a quota is marked with that quota’s name', async () => {
    const { parts } = admissionParts({
      allowance: { quotas: [{ metadata: { name: 'small' }, spec: { hard: { 'requests.memory': '64Mi' } } }] },
    });
    const { response } = await review(reviewOf(podWith()), parts);
    expect(response.auditAnnotations).toMatchObject({
      code: 'DBA2006',
      reason: expect.stringContaining('quota small'),
    });
  });

  test.each([
    ['DBA2003', { 'dbaudit.io/capture': 'disabled' }, 'shop'],
    ['DBA2019', {}, 'shop'],
    ['DBA2007', { 'dbaudit.io/capture': 'enabled' }, 'kube-system'],
    ['DBA2007', { 'dbaudit.io/capture': 'enabled' }, 'dbaudit-system'],
  ])('and was promised nothing (%s) is left alone', async (code, namespaceLabels, namespace) => {
    const { parts, told } = admissionParts({ namespaceLabels });
    const { response } = await review(reviewOf(podWith(), { namespace }), parts);
    expect(response).toEqual({ uid: '4b0b6f5e', allowed: true, auditAnnotations: expect.objectContaining({ code }) });
    expect(told.events).toEqual([]);
  });
});

describe('whatever else arrives', () => {
  test.each([
    ['an update', { operation: 'UPDATE' }],
    ['another kind', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }],
    ['a subresource', { subResource: 'exec' }],
  ])('%s is allowed as it is', async (_, request) => {
    const { parts } = admissionParts();
    const { response } = await review(reviewOf(podWith(), request), parts);
    expect(response).toEqual({ uid: '4b0b6f5e', allowed: true });
  });

  test.each([
    ['no JSON', '{"request":', ''],
    ['nothing', '', ''],
    ['no request', '{}', ''],
    ['a request without kind', '{"request":{"uid":"u7"}}', 'u7'],
    ['a pod without spec', JSON.stringify(reviewOf({ metadata: {} })), '4b0b6f5e'],
    ['a uid that is no text', '{"request":{"uid":7}}', ''],
  ])('%s is answered well-formed and allowed', async (_, body, uid) => {
    const { parts, told } = admissionParts();
    const answer = await review(body, parts);
    expect(answer).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {
        uid,
        allowed: true,
        auditAnnotations: expect.objectContaining({ injected: 'false', code: 'DBA2013' }),
      },
    });
    expect(told.answered).toEqual([['malformed', 'DBA2013']]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no such namespace'))],
  ])('where a part %s the pod is let through', async (_, lookup) => {
    const { parts, told } = admissionParts({ lookup });
    const { response } = await review(reviewOf(podWith()), parts);
    expect(response).toEqual({
      uid: '4b0b6f5e',
      allowed: true,
      auditAnnotations: { injected: 'false', code: 'DBA2013' },
    });
    expect(told.answered).toEqual([['failed', 'DBA2013']]);
  });
});
