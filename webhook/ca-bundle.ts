import {
  AdmissionregistrationV1Api,
  ApiException,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1MutatingWebhookConfiguration,
} from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { BundlePublisher, PublisherOptions } from '../kubernetes/certificates/serving-certificate.ts';
import { messageOf, startInformer } from '../kubernetes/informer.ts';

const WEBHOOK_CONFIGURATION = 'dbaudit-injector';
/** Another replica, or a person, was first: what came of it arrives by the watch. */
const OVERTAKEN = [409, 422];

export interface CaBundleOptions extends PublisherOptions {
  readonly kubeConfig: KubeConfig;
  readonly log: Logger;
}

/** `caBundle` in the webhook configuration: what API servers trust when they call us. */
export function watchCaBundle({ kubeConfig, log, wanted, onChange }: CaBundleOptions): BundlePublisher {
  const api = kubeConfig.makeApiClient(AdmissionregistrationV1Api);
  const fieldSelector = `metadata.name=${WEBHOOK_CONFIGURATION}`;
  const informer = startInformer<V1MutatingWebhookConfiguration>({
    kubeConfig,
    path: '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    fieldSelector,
    list: () => api.listMutatingWebhookConfiguration({ fieldSelector }),
    onChange,
    log,
  });
  let underWay = false;
  const publish = async (bundle: string): Promise<void> => {
    const configuration = informer.get(WEBHOOK_CONFIGURATION);
    if (underWay || configuration === undefined || differing(configuration, bundle).length === 0) return;
    underWay = true;
    try {
      const right = await wanted();
      const patch = right === undefined ? [] : patchTo(configuration, right);
      if (patch.length === 0) return;
      await api.patchMutatingWebhookConfiguration(
        { name: WEBHOOK_CONFIGURATION, body: patch },
        setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
      );
      log.info({ configuration: WEBHOOK_CONFIGURATION }, 'caBundle written');
    } catch (error) {
      if (error instanceof ApiException && OVERTAKEN.includes(error.code)) return;
      log.error(`caBundle of ${WEBHOOK_CONFIGURATION}: ${messageOf(error)}`);
    } finally {
      underWay = false;
    }
  };
  return {
    holds: (bundle) => {
      const configuration = informer.get(WEBHOOK_CONFIGURATION);
      return configuration !== undefined && differing(configuration, bundle).length === 0;
    },
    publish,
    stop: informer.stop,
  };
}

/** Indexes of entries that hold another bundle. */
function differing({ webhooks }: V1MutatingWebhookConfiguration, bundle: string): readonly number[] {
  const encoded = Buffer.from(bundle).toString('base64');
  return (webhooks ?? []).flatMap(({ clientConfig }, index) => (clientConfig.caBundle === encoded ? [] : [index]));
}

function patchTo(configuration: V1MutatingWebhookConfiguration, bundle: string): readonly object[] {
  const indexes = differing(configuration, bundle);
  if (indexes.length === 0) return [];
  return [
    // Indexes are true of this version alone.
    { op: 'test', path: '/metadata/resourceVersion', value: configuration.metadata?.resourceVersion },
    ...indexes.map((index) => ({
      op: 'add',
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value: Buffer.from(bundle).toString('base64'),
    })),
  ];
}
