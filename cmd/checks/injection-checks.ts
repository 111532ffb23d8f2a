import { CAPTURE_LABEL, EXCLUDED_NAMESPACES, POD_SECURITY_LABEL, SINK_SECRET } from '../../contract/labels.ts';
import { authorityExpiry, servingCertificate, trustedAuthorities } from '../installation/certificate.ts';
import { injectedPods } from '../installation/injected-pods.ts';
import { installedVersion } from '../installation/installed-version.ts';
import { probeInjector } from '../installation/probe.ts';
import { findInjectorDeployment, injectorPods, injectorTrouble } from '../installation/readiness.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { findInjectors } from '../kubernetes/injectors.ts';
import { injectionStatusOf, type PodView } from '../kubernetes/pods.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import { readConfiguredSinks } from '../sinks/agent-config.ts';
import { namespacesWithoutSecret, secretAdvice } from '../sinks/credentials.ts';
import type { Check } from './result.ts';

const DAY_MILLIS = 86_400_000;
const PULL_FAILURES: readonly (string | undefined)[] = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
];

/** Before an installation: which ways there are. */
export function injectorChoiceChecks(cluster: Cluster): readonly Check[] {
  return [
    {
      description: 'pods can be given an agent',
      run: async () => {
        const apiVersion = 'admissionregistration.k8s.io/v1';
        const policy = await cluster.serves({ apiVersion, kind: 'MutatingAdmissionPolicy' });
        const how = policy
          ? 'by the API server itself (MutatingAdmissionPolicy)'
          : 'by a webhook; no MutatingAdmissionPolicy v1 here';
        return { result: 'success', description: `pods can be given an agent ${how}` };
      },
    },
    podSecurityCheck(cluster),
  ];
}

/** Of an installation: the whole way from a pod that asks for an agent to the agent. */
export function injectionChecks(cluster: Cluster, namespace: string): readonly Check[] {
  return [
    {
      description: 'an injector is installed',
      essential: true,
      run: async () => {
        const injectors = await findInjectors(cluster);
        if (injectors === undefined) return { result: 'skipped', details: ['no right to look for it'] };
        if (injectors.length === 0)
          return { result: 'error', code: 'DBA1105', details: ['nothing gives pods an agent'] };
        const names = injectors.map(({ kind, name }) => `${kind} ${name}`).join(', ');
        if (injectors.length > 1)
          return { result: 'warning', code: 'DBA3008', details: [`${names}: a pod gets one agent, from either`] };
        return { result: 'success', description: `an injector is installed (${names})` };
      },
    },
    {
      description: 'the injector is available',
      run: async () => {
        const deployment = await findInjectorDeployment(cluster, namespace);
        if (deployment === undefined) return { result: 'success', description: 'the injector needs no pods' };
        const rollout = rolloutOf(deployment);
        if (rollout === undefined || rollout.state === 'complete') return { result: 'success' };
        return {
          result: 'error',
          code: 'DBA1104',
          details: [rollout.message, ...(await injectorTrouble(cluster, namespace))],
        };
      },
    },
    {
      description: 'a pod that asks for an agent gets one',
      run: async () => {
        const probe = await probeInjector(cluster);
        switch (probe.kind) {
          case 'answers':
            return { result: 'success', description: `a pod that asks for an agent gets one (tried, by ${probe.by})` };
          case 'unknown':
            return { result: 'skipped', details: [probe.reason] };
          case 'silent':
            return { result: 'error', code: 'DBA3003', details: ['a pod that was tried came back without one'] };
        }
      },
    },
    certificateCheck(cluster, namespace),
    podSecurityCheck(cluster),
    imageCheck(cluster, namespace),
    versionCheck(cluster),
    sinksCheck(cluster, namespace),
  ];
}

function certificateCheck(cluster: Cluster, namespace: string): Check {
  return {
    description: 'the serving certificate is trusted and lasts',
    run: async () => {
      if ((await findInjectorDeployment(cluster, namespace)) === undefined) {
        return { result: 'success', description: 'no serving certificate is needed' };
      }
      const authorities = await trustedAuthorities(cluster);
      if (authorities === undefined) {
        return {
          result: 'error',
          code: 'DBA3004',
          details: ['the webhook configuration has no authority (caBundle) yet'],
        };
      }
      const ready = (await injectorPods(cluster, namespace)).filter((pod) => pod.ready);
      if (ready.length === 0) return { result: 'skipped', details: ['no injector is ready'] };
      const served = await Promise.all(ready.map((pod) => servingCertificate(cluster, pod, authorities)));
      const mistrusted = served.filter(({ mistrust }) => mistrust !== undefined);
      if (mistrusted.length > 0) {
        return {
          result: 'error',
          code: 'DBA3004',
          details: mistrusted.map(({ pod, mistrust }) => `pod/${pod}: ${mistrust}`),
        };
      }
      const ends = [...served.map(({ expires }) => expires), authorityExpiry(authorities) ?? new Date(0)];
      const first = new Date(Math.min(...ends.map((end) => end.getTime())));
      const days = (first.getTime() - Date.now()) / DAY_MILLIS;
      const end = first.toISOString();
      if (days < 1) return { result: 'warning', code: 'DBA3004', details: [`it ends at ${end}`] };
      return { result: 'success', description: `the serving certificate is trusted and lasts until ${end}` };
    },
  };
}

function podSecurityCheck(cluster: Cluster): Check {
  return {
    description: 'namespaces to be captured let agents capture',
    run: async () => {
      const namespaces = await cluster.list(
        { apiVersion: 'v1', kind: 'Namespace' },
        { labelSelector: `${CAPTURE_LABEL}=enabled` },
      );
      const restricted = namespaces
        .filter(({ metadata }) => metadata.labels?.[POD_SECURITY_LABEL] === 'restricted')
        .map(({ metadata }) => metadata.name);
      if (restricted.length > 0) {
        const details = [`${restricted.length} of ${namespaces.length} enforce restricted: ${restricted.join(', ')}`];
        return { result: 'warning', code: 'DBA3005', details };
      }
      const never = namespaces.filter(({ metadata }) => isExcluded(metadata.name)).map(({ metadata }) => metadata.name);
      if (never.length > 0) return { result: 'warning', code: 'DBA2007', details: never };
      return { result: 'success', description: `namespaces to be captured let agents capture (${namespaces.length})` };
    },
  };
}

function imageCheck(cluster: Cluster, namespace: string): Check {
  return {
    description: 'the image can be pulled',
    run: async () => {
      const pods = [...(await injectorPods(cluster, namespace)), ...(await injectedPods(cluster))];
      const failing = pods.flatMap(pullFailures);
      return failing.length === 0 ? { result: 'success' } : { result: 'error', code: 'DBA3007', details: failing };
    },
  };
}

function pullFailures({ name, namespace, containers }: PodView): readonly string[] {
  return containers
    .filter(
      ({ name, state }) =>
        ['injector', 'dbaudit-agent'].includes(name) && PULL_FAILURES.includes(state.waiting?.reason),
    )
    .map(({ state }) => `pod ${namespace}/${name}: ${state.waiting?.message ?? state.waiting?.reason ?? ''}`);
}

function versionCheck(cluster: Cluster): Check {
  return {
    description: 'agents are of the installed version',
    run: async () => {
      const installed = await installedVersion(cluster);
      const pods = await injectedPods(cluster);
      const other = pods.filter(
        (pod) => installed !== undefined && (injectionStatusOf(pod)?.version ?? installed) !== installed,
      );
      if (other.length === 0) {
        return { result: 'success', description: `agents are of the installed version (${pods.length} agents)` };
      }
      const details = other.map((pod) => `pod ${pod.namespace}/${pod.name}: ${injectionStatusOf(pod)?.version}`);
      return { result: 'warning', code: 'DBA3006', details };
    },
  };
}

function sinksCheck(cluster: Cluster, ownNamespace: string): Check {
  return {
    description: 'agents have a configuration, and the Secret that it names files of',
    run: async () => {
      const configured = await readConfiguredSinks(cluster, ownNamespace);
      if (configured === undefined) return { result: 'success', description: 'agents run on their defaults' };
      const namespaces = new Set((await injectedPods(cluster)).map(({ namespace }) => namespace));
      const [first, ...more] = await namespacesWithoutSecret(cluster, ownNamespace, [...namespaces]);
      if (first !== undefined) {
        const details = [`there is no Secret ${SINK_SECRET} in ${[first, ...more].join(', ')}`];
        return { result: 'warning', code: 'DBA4008', details, hint: secretAdvice(first) };
      }
      const names = configured.sinks.map(({ name }) => name).join(', ');
      return { result: 'success', description: `agents have sinks and what those need (${names})` };
    },
  };
}

function isExcluded(namespace: string): boolean {
  return EXCLUDED_NAMESPACES.some((name) => name === namespace);
}
