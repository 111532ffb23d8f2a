import { CODES } from '../contract/codes.ts';
import type { InjectionSettings } from '../contract/injection-settings.ts';
import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import {
  AGENT_CONTAINER,
  CAPTURE_LABEL,
  EXCLUDED_NAMESPACES,
  INJECTED_LABEL,
  INJECTION_ANNOTATION,
  PART_OF_LABEL,
  PART_OF_VALUE,
  POD_SECURITY_LABEL,
  SETTING_PREFIX,
  SETTINGS,
  type Setting,
  SKIPPED_ANNOTATION,
} from '../contract/labels.ts';
import { VERSION } from '../contract/version.ts';
import { agentVolumes, tokenVolume } from './agent-volumes.ts';
import { Cel, type CelValue, toCel } from './cel.ts';
import { CREATABLE, DEFAULT_CONTAINER_ANNOTATION } from './injection-status.ts';
import { OBSTACLES } from './obstacles.ts';
import { CAPTURING_LEVELS } from './pod-security.ts';
import { AGENT_VARIABLES, agentExpression, variableOf } from './policy-agent.ts';
import { AS_CONFIGURED, defaultOf, LEAST_MEMORY_LIMIT } from './settings.ts';

/** Name of the policy, and the beginning of its bindings' names. */
const INJECTION_POLICY = 'dbaudit-injector';

export interface PolicyOptions {
  /** `v1` from Kubernetes 1.36 on; `v1beta1` before, behind the feature gate MutatingAdmissionPolicy. */
  readonly version: 'v1' | 'v1beta1';
  readonly settings: InjectionSettings;
  readonly ownNamespace: string;
}

const POD_ANNOTATIONS = 'object.metadata.?annotations';
const NAMESPACE_ANNOTATIONS = 'namespaceObject.metadata.?annotations';

/**
 * `inject` as a MutatingAdmissionPolicy and its bindings: the API server puts the agent in by itself, the same one, with
 * no server of ours. The settings are written into it, so that it needs no parameter object in workload namespaces; a
 * change of them renders it anew. It cannot give warnings nor look at quotas; why a pod is skipped it writes on the pod.
 */
export function renderPolicy({ version, settings, ownNamespace }: PolicyOptions): KubernetesObject[] {
  const apiVersion = `admissionregistration.k8s.io/${version}`;
  const labels = { [PART_OF_LABEL]: PART_OF_VALUE };
  const policy: KubernetesObject = {
    apiVersion,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: INJECTION_POLICY, labels },
    spec: {
      failurePolicy: 'Ignore',
      reinvocationPolicy: 'IfNeeded',
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      matchConditions: matchConditions(),
      variables: variables(settings),
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: { expression: `variables.skipped != "" ? ${skipPatch()} : ${injectionPatch()}` },
        },
      ],
    },
  };
  return [policy, ...bindings(apiVersion, labels, ownNamespace)];
}

/** The pod's own label wins over its namespace's. No pod is matched by both. */
function bindings(
  apiVersion: string,
  labels: Readonly<Record<string, string>>,
  ownNamespace: string,
): KubernetesObject[] {
  const touchable = {
    key: 'kubernetes.io/metadata.name',
    operator: 'NotIn',
    values: [...EXCLUDED_NAMESPACES, ownNamespace],
  };
  const enabled = { key: CAPTURE_LABEL, operator: 'In', values: ['enabled'] };
  const unsaid = { key: CAPTURE_LABEL, operator: 'DoesNotExist' };
  const binding = (by: 'namespace' | 'pod', matchResources: object): KubernetesObject => ({
    apiVersion,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: `${INJECTION_POLICY}-by-${by}`, labels },
    spec: { policyName: INJECTION_POLICY, matchResources },
  });
  return [
    binding('namespace', {
      namespaceSelector: { matchExpressions: [touchable, enabled] },
      objectSelector: { matchExpressions: [unsaid] },
    }),
    binding('pod', {
      namespaceSelector: { matchExpressions: [touchable] },
      objectSelector: { matchExpressions: [enabled] },
    }),
  ];
}

/** Pods of which nothing is to be changed. Namespaces and variables are not known here yet. */
function matchConditions(): { name: string; expression: string }[] {
  const leftAlone = OBSTACLES.filter((obstacle) => obstacle.leftAlone);
  return [
    { name: 'not-injected', expression: `!(${isInjected()})` },
    ...leftAlone.map(({ code, cel }) => ({ name: `not-${code.toLowerCase()}`, expression: `!(${cel})` })),
  ];
}

function isInjected(): string {
  return [
    `${POD_ANNOTATIONS}[?${toCel(INJECTION_ANNOTATION)}].hasValue()`,
    `(object.spec.containers + object.spec.?initContainers.orValue([])).exists(c, c.name == ${toCel(AGENT_CONTAINER)})`,
  ].join(' && ');
}

/** Each may use those before it. `Object.…` types cannot be used here, plain maps can. */
function variables(settings: InjectionSettings): { name: string; expression: string }[] {
  const level = `namespaceObject.metadata.?labels[?${toCel(POD_SECURITY_LABEL)}].orValue(${toCel(settings.podSecurityDefault)})`;
  const skipped = OBSTACLES.map(({ code, cel }) => `(${cel}) ? ${toCel(`${code}: ${CODES[code].title}`)} : `);
  return [
    ...SETTINGS.map((setting) => ({ name: variableOf(setting), expression: settingExpression(setting, settings) })),
    { name: 'level', expression: level },
    { name: 'recipe', expression: `variables.level in ${toCel(CAPTURING_LEVELS)} ? variables.level : "none"` },
    { name: 'native', expression: 'variables.nativeSidecar != "false"' },
    ...AGENT_VARIABLES,
    { name: 'skipped', expression: `${skipped.join('')}""` },
    { name: 'created', expression: createdExpression() },
    { name: 'status', expression: statusExpression() },
    { name: 'agent', expression: agentExpression(settings) },
  ];
}

/** The first valid value of pod, namespace and administrator; empty where there is none. No pattern takes an empty value. */
function settingExpression(setting: Setting, settings: InjectionSettings): string {
  const key = toCel(SETTING_PREFIX + setting.name);
  const least = `quantity(value).compareTo(quantity(${toCel(LEAST_MEMORY_LIMIT)})) >= 0`;
  const valid = `value.matches(${toCel(setting.pattern)})${setting.name === 'memory-limit' ? ` && ${least}` : ''}`;
  const asked = [POD_ANNOTATIONS, NAMESPACE_ANNOTATIONS].map((annotations) => `${annotations}[?${key}].orValue("")`);
  const given = `[${asked.join(', ')}].filter(value, ${valid})`;
  if (setting.name !== 'redact') return `(${given} + [${toCel(defaultOf(setting, settings) ?? '')}])[0]`;
  // In a chart the value is known only when the chart is rendered.
  return `(${given} + [${toCel(settings.redact)}].filter(value, value != ${toCel(AS_CONFIGURED)}) + [""])[0]`;
}

function createdExpression(): string {
  const missing: readonly (readonly [pointer: string, there: string])[] = [
    [CREATABLE.labels, 'has(object.metadata.labels)'],
    [CREATABLE.annotations, 'has(object.metadata.annotations)'],
    [CREATABLE.defaultContainer, `${POD_ANNOTATIONS}[?${toCel(DEFAULT_CONTAINER_ANNOTATION)}].hasValue()`],
    [CREATABLE.initContainers, '!variables.native || has(object.spec.initContainers)'],
    [CREATABLE.volumes, 'has(object.spec.volumes)'],
  ];
  return missing.map(([pointer, there]) => `((${there}) ? [] : [${toCel(pointer)}])`).join(' + ');
}

/** The same text as `JSON.stringify` makes of the status. */
function statusExpression(): string {
  const known = JSON.stringify({ version: VERSION, source: 'policy', mode: 'sidecar' }).slice(0, -1);
  return [
    toCel(`${known},"native":`),
    'string(variables.native)',
    toCel(',"created":['),
    `variables.created.map(pointer, "\\"" + pointer + "\\"").join(",")`,
    toCel(']}'),
  ].join(' + ');
}

function add(path: string, value: CelValue): string {
  return `JSONPatch{op: "add", path: ${toCel(path)}, value: ${toCel(value)}}`;
}

/** Adds an empty map or list where `field` is not there. */
function make(field: string, path: string, empty: CelValue): string {
  return `(has(${field}) ? [] : [${add(path, empty)}])`;
}

function annotationPath(key: string): string {
  return `${CREATABLE.annotations}/${key.replaceAll('/', '~1')}`;
}

function annotate(key: string, value: CelValue): string {
  return add(annotationPath(key), value);
}

const MAKE_ANNOTATIONS = make('object.metadata.annotations', CREATABLE.annotations, {});

function skipPatch(): string {
  return `(${MAKE_ANNOTATIONS} + [${annotate(SKIPPED_ANNOTATION, new Cel('variables.skipped'))}])`;
}

/** Admission asks again after other injectors: what was in the way the first time may be gone. */
function removeSkipMark(): string {
  const mark = `${POD_ANNOTATIONS}[?${toCel(SKIPPED_ANNOTATION)}]`;
  return `(${mark}.hasValue() ? [JSONPatch{op: "remove", path: ${toCel(annotationPath(SKIPPED_ANNOTATION))}}] : [])`;
}

function injectionPatch(): string {
  const agent = new Cel('variables.agent');
  const native = [
    make('object.spec.initContainers', CREATABLE.initContainers, []),
    `[${add(`${CREATABLE.initContainers}/0`, agent)}, ${add(`${CREATABLE.initContainers}/0/restartPolicy`, 'Always')}]`,
  ].join(' + ');
  return [
    make('object.metadata.labels', CREATABLE.labels, {}),
    `[${add(`${CREATABLE.labels}/${INJECTED_LABEL.replaceAll('/', '~1')}`, 'true')}]`,
    MAKE_ANNOTATIONS,
    removeSkipMark(),
    `(${toCel(CREATABLE.defaultContainer)} in variables.created ? [${annotate(DEFAULT_CONTAINER_ANNOTATION, new Cel('object.spec.containers[0].name'))}] : [])`,
    `[${annotate(INJECTION_ANNOTATION, new Cel('variables.status'))}]`,
    `(variables.native ? ${native} : [${add('/spec/containers/-', agent)}])`,
    make('object.spec.volumes', CREATABLE.volumes, []),
    `[${agentVolumes(new Cel('variables.spoolSize')).map(addVolume).join(', ')}]`,
    `(variables.hasToken ? [${addVolume(tokenVolume())}] : [])`,
  ].join(' + ');
}

function addVolume(volume: CelValue): string {
  return add(`${CREATABLE.volumes}/-`, volume);
}
