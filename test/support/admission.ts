import { pino } from 'pino';
import { injectionSettingsSchema } from '../../contract/injection-settings.ts';
import { type AdmissionParts, reviewAdmission } from '../../webhook/admission-review.ts';
import type { InjectionEvent } from '../../webhook/events.ts';
import type { Pod } from '../../webhook/pod.ts';
import { type Allowance, findRoom } from '../../webhook/room.ts';

/** What was told to the parts around an admission. */
export interface Told {
  readonly events: InjectionEvent[];
  readonly injectedInto: string[];
  readonly answered: (readonly [outcome: string, code: string | undefined])[];
}

export interface AdmissionOptions {
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly allowance?: Partial<Allowance>;
  readonly lookup?: AdmissionParts['namespaces']['lookup'];
}

/** The parts of an admission without a cluster; every namespace has the labels given. */
export function admissionParts(options: AdmissionOptions = {}): {
  readonly parts: AdmissionParts;
  readonly told: Told;
} {
  const { namespaceLabels = { 'dbaudit.io/capture': 'enabled' }, allowance = {} } = options;
  const told: Told = { events: [], injectedInto: [], answered: [] };
  const settings = injectionSettingsSchema.parse({});
  const parts: AdmissionParts = {
    ownNamespace: 'dbaudit-system',
    namespaces: { lookup: options.lookup ?? ((name) => ({ name, labels: namespaceLabels, annotations: {} })) },
    quotas: {
      claim: (_, { before, injected }) =>
        findRoom(before, injected, { quotas: [], limitRanges: [], reserved: new Map(), ...allowance }),
    },
    events: { tell: (event) => void told.events.push(event) },
    log: pino({ level: 'silent' }),
    settings: () => settings,
    nativeSidecars: () => true,
    injectedInto: (namespace) => void told.injectedInto.push(namespace),
    answered: (outcome, code) => void told.answered.push([outcome, code]),
  };
  return { parts, told };
}

/** The review that an API server sends for this pod. */
export function reviewOf(pod: unknown, request: Readonly<Record<string, unknown>> = {}): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '4b0b6f5e',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'shop',
      operation: 'CREATE',
      userInfo: { username: 'admin' },
      object: pod,
      oldObject: null,
      dryRun: false,
      options: null,
      ...request,
    },
  };
}

export function podWith(spec: object = {}, metadata: object = {}): Pod {
  return { metadata: { name: 'orders', ...metadata }, spec: { containers: [{ name: 'app', image: 'app' }], ...spec } };
}

export function review(body: unknown, parts: AdmissionParts) {
  return reviewAdmission(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), parts);
}
