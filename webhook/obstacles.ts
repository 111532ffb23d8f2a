import type { Code } from '../contract/codes.ts';
import { AGENT_CONTAINER, OWN_VOLUMES } from '../contract/labels.ts';
import { isOwnVolume } from './agent-volumes.ts';
import { annotationOf, containersOf, type Pod } from './pod.ts';
import type { Recipe } from './pod-security.ts';

/** Why a pod that is selected cannot be given an agent. */
export interface Obstacle {
  readonly code: Extract<Code, `DBA2${string}`>;
  stands(pod: Pod, sidecar: { readonly recipe: Recipe; readonly native: boolean }): boolean;
  /** The same for the admission policy, over `object` and the policy's `variables.recipe` and `variables.native`. */
  readonly cel: string;
  /** Not even the reason is written on such a pod. */
  readonly leftAlone?: true;
}

/** The kubelet's mark of a static pod's image in the API; the pod itself is a file on the node. */
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
const OS_LABEL = 'kubernetes.io/os';

/** The first that stands is the reason given. */
export const OBSTACLES: readonly Obstacle[] = [
  {
    code: 'DBA2008',
    stands: (pod) => annotationOf(pod, MIRROR_ANNOTATION) !== undefined,
    cel: `object.metadata.?annotations[?"${MIRROR_ANNOTATION}"].hasValue()`,
    leftAlone: true,
  },
  {
    code: 'DBA2001',
    stands: ({ spec }) => spec.hostNetwork === true,
    cel: 'object.spec.?hostNetwork.orValue(false)',
  },
  {
    code: 'DBA2004',
    stands: ({ spec }) => spec.os?.name === 'windows' || spec.nodeSelector?.[OS_LABEL] === 'windows',
    cel: `object.spec.?os.?name.orValue("") == "windows" || object.spec.?nodeSelector[?"${OS_LABEL}"].orValue("") == "windows"`,
  },
  {
    code: 'DBA2014',
    stands: (pod) =>
      containersOf(pod).some(({ name }) => name === AGENT_CONTAINER) || (pod.spec.volumes ?? []).some(isOwnVolume),
    cel: [
      `object.spec.containers.exists(c, c.name == "${AGENT_CONTAINER}")`,
      `object.spec.?initContainers.orValue([]).exists(c, c.name == "${AGENT_CONTAINER}")`,
      `object.spec.?volumes.orValue([]).exists(v, v.name in ${JSON.stringify(OWN_VOLUMES)})`,
    ].join(' || '),
  },
  {
    code: 'DBA2002',
    stands: (_, { recipe }) => recipe === 'none',
    cel: 'variables.recipe == "none"',
  },
  {
    code: 'DBA2005',
    stands: ({ spec }, { native }) => !native && (spec.restartPolicy ?? 'Always') !== 'Always',
    cel: '!variables.native && object.spec.?restartPolicy.orValue("Always") != "Always"',
  },
];
