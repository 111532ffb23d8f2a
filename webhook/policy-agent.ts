import type { InjectionSettings } from '../contract/injection-settings.ts';
import { SETTINGS, type Setting } from '../contract/labels.ts';
import { AGENT_MOUNTS, TOKEN_MOUNT } from './agent-volumes.ts';
import { Cel, type CelValue, toCel } from './cel.ts';
import {
  EPHEMERAL_STORAGE,
  LIMITS_STORAGE_CEL,
  LOG_MEBIBYTES,
  REQUESTED_STORAGE,
  SPOOL_SHARE,
} from './ephemeral-storage.ts';
import { securityContext } from './pod-security.ts';
import { agentContainer, SPOOL_BOUND_VARIABLE } from './sidecar.ts';

const BYTES_PER_MEBIBYTE = 1_048_576;

/** `cpu-limit` is `cpuLimit`. */
export function variableOf({ name }: Pick<Setting, 'name'>): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** What the container's expression uses beside the settings' own variables, which come before. */
export const AGENT_VARIABLES: readonly { readonly name: string; readonly expression: string }[] = [
  { name: 'limitsStorage', expression: LIMITS_STORAGE_CEL },
  { name: 'spoolMebibytes', expression: `quantity(variables.spoolSize).asInteger() / ${BYTES_PER_MEBIBYTE}` },
  { name: 'hasToken', expression: 'variables.sinkToken == "projected"' },
];

/** The container as `agentContainer` makes it, with expressions in place of what depends on pod and namespace. */
export function agentExpression({ image }: InjectionSettings): string {
  const constant = agentContainer({
    image,
    values: new Map(),
    recipe: 'privileged',
    native: false,
    boundedByPod: true,
    limitsStorage: false,
  });
  const context = (recipe: 'privileged' | 'baseline', capabilities: 'full' | 'net-raw') =>
    toCel(securityContext(recipe, capabilities));
  const environment = SETTINGS.filter(({ target }) => target.kind === 'environment').map((setting) => {
    const value = `variables.${variableOf(setting)}`;
    const name = setting.target.kind === 'environment' ? setting.target.variable : '';
    return `(${value} == "" ? [] : [${toCel({ name, value: new Cel(value) })}])`;
  });
  const fixed = constant.env.filter(({ name }) => name !== SPOOL_BOUND_VARIABLE);
  const { numerator, denominator } = SPOOL_SHARE;
  const usable = new Cel(`string(variables.spoolMebibytes * ${numerator} / ${denominator})`);
  return toCel({
    ...constant,
    imagePullPolicy: new Cel('variables.imagePullPolicy'),
    env: new Cel([toCel([...fixed, { name: SPOOL_BOUND_VARIABLE, value: usable }]), ...environment].join(' + ')),
    volumeMounts: new Cel(`${toCel(AGENT_MOUNTS)} + (variables.hasToken ? ${toCel([TOKEN_MOUNT])} : [])`),
    resources: new Cel(`has(object.spec.resources) ? ${storageAlone()} : ${resourcesExpression()}`),
    securityContext: new Cel(
      `variables.recipe == "baseline" ? ${context('baseline', 'full')} : variables.capabilities == "net-raw" ? ${context('privileged', 'net-raw')} : ${context('privileged', 'full')}`,
    ),
  });
}

function resourcesExpression(): string {
  const capped = (resource: 'cpu' | 'memory') => {
    const [request, limit] = [`variables.${resource}Request`, `variables.${resource}Limit`];
    const above = `${limit} != "" && quantity(${request}).compareTo(quantity(${limit})) > 0`;
    return new Cel(`${above} ? ${limit} : ${request}`);
  };
  const limited = (...resources: readonly ('cpu' | 'memory')[]) =>
    withStorage(
      Object.fromEntries(resources.map((resource) => [resource, new Cel(`variables.${resource}Limit`)])),
      STORAGE_LIMIT,
    );
  return toCel({
    requests: new Cel(withStorage({ cpu: capped('cpu'), memory: capped('memory') }, REQUESTED_STORAGE)),
    limits: new Cel(`variables.cpuLimit == "" ? (${limited('memory')}) : (${limited('cpu', 'memory')})`),
  });
}

const STORAGE_LIMIT = new Cel(`string(variables.spoolMebibytes + ${LOG_MEBIBYTES}) + "Mi"`);

/** The map, with storage where the pod's containers limit theirs. */
function withStorage(amounts: Readonly<Record<string, CelValue>>, storage: CelValue): string {
  return `variables.limitsStorage ? ${toCel({ ...amounts, [EPHEMERAL_STORAGE]: storage })} : ${toCel(amounts)}`;
}

/** Where the pod itself bounds CPU and memory. */
function storageAlone(): string {
  const storage = {
    requests: { [EPHEMERAL_STORAGE]: REQUESTED_STORAGE },
    limits: { [EPHEMERAL_STORAGE]: STORAGE_LIMIT },
  };
  return `(variables.limitsStorage ? ${toCel(storage)} : {})`;
}
