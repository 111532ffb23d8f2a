import type { InjectionSettings } from '../contract/injection-settings.ts';
import { POD_SECURITY_LABEL } from '../contract/labels.ts';

/** How the agent's container gets its right to capture; `none`: the level forbids it. */
export type Recipe = 'privileged' | 'baseline' | 'none';

/** Levels that leave a way to capture. What is neither, a level of the future too, gets no agent rather than a rejected pod. */
export const CAPTURING_LEVELS = ['privileged', 'baseline'] as const satisfies readonly Recipe[];

/** By the level that the namespace enforces, which the API server tests after injection. */
export function recipeFor(
  namespaceLabels: Readonly<Record<string, string>>,
  settings: Pick<InjectionSettings, 'podSecurityDefault'>,
): Recipe {
  const level = namespaceLabels[POD_SECURITY_LABEL] ?? settings.podSecurityDefault;
  return CAPTURING_LEVELS.find((known) => known === level) ?? 'none';
}

/**
 * What containerd and CRI-O may give by default besides NET_RAW. Level baseline forbids adding NET_RAW, and forbids
 * nothing to be dropped: with these gone, the default's NET_RAW alone is left.
 */
const DEFAULT_CAPABILITIES_BUT_NET_RAW = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
] as const;

/**
 * The agent's security context. Root, since capabilities of a container reach no other user; it overrides the pod's
 * own runAsNonRoot for this container alone.
 */
export function securityContext(recipe: Exclude<Recipe, 'none'>, capabilities: InjectionSettings['capabilities']) {
  return {
    runAsUser: 0,
    runAsNonRoot: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities:
      recipe === 'baseline'
        ? { drop: [...DEFAULT_CAPABILITIES_BUT_NET_RAW] }
        : { drop: ['ALL'], add: capabilities === 'net-raw' ? ['NET_RAW'] : ['NET_ADMIN', 'NET_RAW'] },
  };
}
