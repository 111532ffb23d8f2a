import { randomBytes } from 'node:crypto';
import type { InjectionSettings } from '../../contract/injection-settings.ts';
import {
  AGENT_CONFIG_DIRECTORY,
  AGENT_CONFIG_KEY,
  AGENT_CONFIG_MAP,
  CAPTURE_LABEL,
  CONFIG_VOLUME,
  PART_OF_LABEL,
  PART_OF_VALUE,
  SECRET_VOLUME,
  SINK_SECRET,
  SINK_SECRET_DIRECTORY,
  SINK_TOKEN_AUDIENCE,
  SINK_TOKEN_DIRECTORY,
  SINK_TOKEN_FILE,
  TOKEN_VOLUME,
} from '../../contract/labels.ts';
import type { KubernetesObject } from '../kubernetes/cluster.ts';

/** As in distroless images; its group may read the Secret. */
const USER = 65_532;
const READABLE_BY_GROUP = 0o440;
/** The least that the kubelet takes. */
const TOKEN_SECONDS = 600;

export const TEST_CONTAINER = 'sink-test';

export interface TestPod {
  readonly namespace: string;
  readonly sink: string;
  readonly settings: Pick<InjectionSettings, 'image' | 'imagePullPolicy' | 'sinkToken'>;
  /** Of the injector, whose image it is. */
  readonly imagePullSecrets: readonly { readonly name: string }[];
  /** After it the kubelet ends the pod, whatever became of us. */
  readonly deadlineSeconds: number;
}

/**
 * A pod that tries one sink as an injected agent of its namespace would: the same image, configuration, Secret and token,
 * network policies that go by namespace included. It has no rights and no capabilities, and every Pod Security level takes it.
 */
export function testPod({ namespace, sink, settings, imagePullSecrets, deadlineSeconds }: TestPod): KubernetesObject {
  const hasToken = settings.sinkToken === 'projected';
  const mount = (name: string, mountPath: string) => ({ name, mountPath, readOnly: true });
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `dbaudit-sink-test-${randomBytes(4).toString('hex')}`,
      namespace,
      labels: {
        'app.kubernetes.io/name': 'dbaudit',
        'app.kubernetes.io/component': 'sink-test',
        [PART_OF_LABEL]: PART_OF_VALUE,
        [CAPTURE_LABEL]: 'disabled',
      },
    },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: deadlineSeconds,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      ...(imagePullSecrets.length === 0 ? {} : { imagePullSecrets }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        fsGroup: USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: TEST_CONTAINER,
          image: settings.image,
          imagePullPolicy: settings.imagePullPolicy,
          command: ['/bin/node', '/opt/dbaudit/dbaudit-agent.mjs', 'sink', 'test', sink],
          args: ['--json', '--config', `${AGENT_CONFIG_DIRECTORY}/${AGENT_CONFIG_KEY}`],
          env: [
            field('DBAUDIT_POD_NAMESPACE', 'metadata.namespace'),
            field('DBAUDIT_POD_NAME', 'metadata.name'),
            field('DBAUDIT_NODE_NAME', 'spec.nodeName'),
          ],
          resources: { requests: { cpu: '25m', memory: '96Mi' }, limits: { cpu: '1', memory: '256Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [
            mount(CONFIG_VOLUME, AGENT_CONFIG_DIRECTORY),
            mount(SECRET_VOLUME, SINK_SECRET_DIRECTORY),
            ...(hasToken ? [mount(TOKEN_VOLUME, SINK_TOKEN_DIRECTORY)] : []),
          ],
        },
      ],
      volumes: [
        { name: CONFIG_VOLUME, configMap: { name: AGENT_CONFIG_MAP } },
        { name: SECRET_VOLUME, secret: { secretName: SINK_SECRET, optional: true, defaultMode: READABLE_BY_GROUP } },
        ...(hasToken ? [{ name: TOKEN_VOLUME, projected: { sources: [{ serviceAccountToken: TOKEN }] } }] : []),
      ],
    },
  };
}

const TOKEN = { audience: SINK_TOKEN_AUDIENCE, expirationSeconds: TOKEN_SECONDS, path: SINK_TOKEN_FILE };
