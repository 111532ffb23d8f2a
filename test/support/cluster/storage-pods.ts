import { CAPTURE_LABEL, SETTING_PREFIX } from '../../../contract/labels.ts';
import { UNPRIVILEGED } from './database-pods.ts';
import { IMAGES } from './suite-images.ts';

/** Eight tenths of the volume: more than the application may write, less than the volume may hold. */
export const FILL_BYTES = 80 * 1_048_576;
const bounded = (name: string, ...command: readonly string[]) => ({
  name,
  image: IMAGES.databases,
  command,
  securityContext: UNPRIVILEGED,
});
const LIMITED = { ...bounded('app', 'sleep', 'infinity'), resources: { limits: { 'ephemeral-storage': '50Mi' } } };
/** Its agent's spool is to be filled with FILL_BYTES. */
export const FULL_SPOOL = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'full-spool',
    labels: { [CAPTURE_LABEL]: 'enabled' },
    annotations: { [`${SETTING_PREFIX}spool-size`]: '100Mi' },
  },
  spec: { terminationGracePeriodSeconds: 1, containers: [LIMITED] },
};
/** The same without what injection adds to the pod's limits. */
export const FULL_VOLUME = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'full-volume' },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      LIMITED,
      {
        ...bounded('side', 'sh', '-c', `head -c ${FILL_BYTES} /dev/zero >/spool/fill; sleep infinity`),
        volumeMounts: [{ name: 'spool', mountPath: '/spool' }],
      },
    ],
    volumes: [{ name: 'spool', emptyDir: { sizeLimit: '100Mi' } }],
  },
};
