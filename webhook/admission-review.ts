import fastJsonPatch from 'fast-json-patch';
import type { Logger } from 'pino';
import * as z from 'zod';
import type { InjectionSettings } from '../contract/injection-settings.ts';
import { SKIPPED_ANNOTATION } from '../contract/labels.ts';
import type { Events } from './events.ts';
import { type Injection, inject, isPod, type Note, type Pod, podProblem, type SkipCode } from './inject.ts';
import type { Outcome } from './metrics.ts';
import type { Namespaces } from './namespaces.ts';
import type { Quotas } from './quotas.ts';

/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response */
export interface AdmissionReviewResponse {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: {
    readonly uid: string;
    readonly allowed: true;
    readonly patchType?: 'JSONPatch';
    /** base64 */
    readonly patch?: string;
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: Readonly<Record<string, string>>;
  };
}

export interface AdmissionParts {
  readonly ownNamespace: string;
  readonly namespaces: Pick<Namespaces, 'lookup'>;
  readonly quotas: Pick<Quotas, 'claim'>;
  readonly events: Events;
  readonly log: Logger;
  settings(): InjectionSettings;
  nativeSidecars(): boolean;
  /** A pod in this namespace got an agent: its configuration is wanted there. */
  injectedInto(namespace: string): void;
  /** `code` where the pod was skipped or the injector failed. */
  answered(outcome: Outcome, code: string | undefined): void;
}

/** Where nobody was promised an agent nothing is written on the pod either. */
const LEFT_ALONE: readonly SkipCode[] = ['DBA2003', 'DBA2007', 'DBA2019'];
/** The API server passes on 4096 characters of all warnings together; longer ones are hard to read anyway. */
const MAX_WARNING_LENGTH = 256;

const reviewSchema = z.looseObject({
  request: z.looseObject({
    uid: z.string(),
    kind: z.looseObject({ group: z.string(), kind: z.string() }),
    operation: z.string(),
    subResource: z.string().optional(),
    namespace: z.string().optional(),
    dryRun: z.boolean().optional(),
    object: z.unknown(),
  }),
});

/**
 * The answer to an AdmissionReview, whatever the body holds: always allowed, and with an agent where that is possible.
 * Never rejects. Waits for nothing but a namespace that is too new to be known.
 */
export async function reviewAdmission(body: Uint8Array, parts: AdmissionParts): Promise<AdmissionReviewResponse> {
  let uid = '';
  try {
    const json: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
    uid = uidOf(json);
    const review = reviewSchema.safeParse(json);
    if (!review.success) return malformed(uid, z.prettifyError(review.error), parts);
    const { request } = review.data;
    const isPodCreation =
      request.operation === 'CREATE' &&
      request.kind.group === '' &&
      request.kind.kind === 'Pod' &&
      !request.subResource;
    if (!isPodCreation) {
      parts.answered('unchanged', undefined);
      return answer(uid);
    }
    const pod = request.object;
    if (!isPod(pod)) return malformed(uid, podProblem(pod) ?? '', parts);
    return await reviewPod(pod, { uid, namespace: request.namespace ?? '', dryRun: request.dryRun ?? false }, parts);
  } catch (error) {
    if (error instanceof SyntaxError) return malformed(uid, 'the body is no JSON', parts);
    return failed(uid, error, parts);
  }
}

/** The answer where not even the body could be read: too long, broken off, compressed. */
export function unreadableReview(problem: string, parts: AdmissionParts): AdmissionReviewResponse {
  return malformed('', problem, parts);
}

type Skip = Omit<Extract<Injection, { injected: false }>, 'injected'>;

interface PodRequest {
  readonly uid: string;
  readonly namespace: string;
  readonly dryRun: boolean;
}

async function reviewPod(pod: Pod, request: PodRequest, parts: AdmissionParts): Promise<AdmissionReviewResponse> {
  const { uid, namespace, dryRun } = request;
  const known = parts.namespaces.lookup(namespace);
  const injection = inject(pod, {
    namespace: known instanceof Promise ? await known : known,
    settings: parts.settings(),
    nativeSidecars: parts.nativeSidecars(),
    source: 'webhook',
    ownNamespace: parts.ownNamespace,
  });
  if (!injection.injected) return skipped(pod, request, injection, parts);
  if (injection.pod === pod) {
    parts.answered('unchanged', undefined);
    return answer(uid, { auditAnnotations: { injected: 'true' } });
  }
  const room = parts.quotas.claim(namespace, { before: pod, injected: injection.pod }, dryRun);
  if (!room.fits) return skipped(pod, request, { code: 'DBA2006', reason: room.reason }, parts);

  const codes = injection.notes.map(({ code }) => code).join(',');
  parts.answered('injected', undefined);
  if (!dryRun) {
    parts.injectedInto(namespace);
    const message = ['dbaudit captures the databases’ traffic of this pod', ...injection.notes.map(lineOf)].join('; ');
    parts.events.tell({ namespace, pod, reason: 'CaptureInjected', codes, message });
  }
  return answer(uid, {
    ...patchFrom(pod, room.pod),
    ...(injection.notes.length === 0 ? {} : { warnings: injection.notes.map(warningOf) }),
    auditAnnotations: { injected: 'true', ...(codes === '' ? {} : { notes: codes }) },
  });
}

function skipped(
  pod: Pod,
  { uid, namespace, dryRun }: PodRequest,
  { code, reason }: Skip,
  parts: AdmissionParts,
): AdmissionReviewResponse {
  const note: Note = { code, message: reason };
  parts.answered('skipped', code);
  parts.log.debug({ namespace, code, reason }, 'skipped');
  const auditAnnotations = { injected: 'false', code, reason };
  if (LEFT_ALONE.includes(code)) return answer(uid, { auditAnnotations });
  if (!dryRun) {
    parts.events.tell({ namespace, pod, reason: 'CaptureSkipped', codes: code, message: lineOf(note) });
  }
  const marked = {
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [SKIPPED_ANNOTATION]: lineOf(note) } },
  };
  return answer(uid, { ...patchFrom(pod, marked), warnings: [warningOf(note)], auditAnnotations });
}

function malformed(uid: string, problem: string, parts: AdmissionParts): AdmissionReviewResponse {
  const reason = problem.replaceAll(/\s+/g, ' ').slice(0, MAX_WARNING_LENGTH);
  parts.answered('malformed', 'DBA2013');
  parts.log.debug({ uid, reason }, 'not an AdmissionReview of a pod');
  return answer(uid, { auditAnnotations: { injected: 'false', code: 'DBA2013', reason } });
}

function failed(uid: string, error: unknown, parts: AdmissionParts): AdmissionReviewResponse {
  parts.answered('failed', 'DBA2013');
  parts.log.error({ uid, err: error }, 'a pod was let through as it was');
  return answer(uid, { auditAnnotations: { injected: 'false', code: 'DBA2013' } });
}

function answer(
  uid: string,
  more: Omit<AdmissionReviewResponse['response'], 'uid' | 'allowed'> = {},
): AdmissionReviewResponse {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true, ...more } };
}

function patchFrom(before: Pod, after: Pod): Pick<AdmissionReviewResponse['response'], 'patchType' | 'patch'> {
  const patch = fastJsonPatch.compare(before, after);
  if (patch.length === 0) return {};
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
}

function lineOf({ code, message }: Note): string {
  return `${code}: ${message}`;
}

function warningOf(note: Note): string {
  return `dbaudit: ${lineOf(note)}`.slice(0, MAX_WARNING_LENGTH);
}

const uidSchema = z.looseObject({ request: z.looseObject({ uid: z.string() }) });

/** Needed for any answer: the API server passes over one with another uid. */
function uidOf(json: unknown): string {
  return uidSchema.safeParse(json).data?.request.uid ?? '';
}
