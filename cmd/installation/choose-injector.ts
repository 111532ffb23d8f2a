import { UserError } from '../../contract/user-error.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Values } from './install-values.ts';

/** `auto` takes what needs no server of ours, where the API server serves it for good. */
export type InjectorChoice = 'auto' | 'webhook' | 'policy';

const VERSIONS = ['v1', 'v1beta1'] as const;

/**
 * The values that say how pods get their agent. `auto` is the policy only where its version is v1, for betas are taken away again.
 * @throws UserError DBA1103 where a policy is asked for that the API server does not serve
 */
export async function chooseInjector(choice: Exclude<InjectorChoice, 'webhook'>, cluster: Cluster): Promise<Values> {
  for (const version of choice === 'auto' ? VERSIONS.slice(0, 1) : VERSIONS) {
    const apiVersion = `admissionregistration.k8s.io/${version}`;
    if (await cluster.serves({ apiVersion, kind: 'MutatingAdmissionPolicy' })) {
      return { injector: 'policy', policyApiVersion: version };
    }
  }
  if (choice === 'auto') return { injector: 'webhook' };
  throw new UserError(
    'DBA1103',
    'the API server serves no MutatingAdmissionPolicy',
    'Kubernetes 1.36 does; from 1.34 on behind the feature gate MutatingAdmissionPolicy. --injector webhook needs neither.',
  );
}
