import { CoreV1Api, type KubeConfig, type V1LimitRange, type V1ResourceQuota } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { startInformer } from '../kubernetes/informer.ts';
import type { Pod } from './pod.ts';
import { Reservations } from './reservations.ts';
import { findRoom, type Room } from './room.ts';

export interface Quotas {
  /** As `findRoom`; what fits is held for the pod until the quota counts it. A dry run holds nothing. */
  claim(namespace: string, pods: { readonly before: Pod; readonly injected: Pod }, dryRun: boolean): Room;
  synced(): boolean;
  stop(): void;
}

/** Resource quotas and limit ranges of all namespaces. */
export function watchQuotas(kubeConfig: KubeConfig, log: Logger): Quotas {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const reservations = new Reservations();
  const quotas = startInformer<V1ResourceQuota>({
    kubeConfig,
    path: '/api/v1/resourcequotas',
    list: () => core.listResourceQuotaForAllNamespaces(),
    onChange: (quota, change) => reservations.observe(quota, change),
    log,
  });
  const limitRanges = startInformer<V1LimitRange>({
    kubeConfig,
    path: '/api/v1/limitranges',
    list: () => core.listLimitRangeForAllNamespaces(),
    log,
  });
  return {
    claim: (namespace, { before, injected }, dryRun) => {
      const allowance = {
        quotas: namespace === '' ? [] : quotas.list(namespace),
        limitRanges: namespace === '' ? [] : limitRanges.list(namespace),
      };
      if (allowance.quotas.length + allowance.limitRanges.length === 0) {
        return { fits: true, pod: injected, charged: new Map() };
      }
      const now = Date.now();
      const room = findRoom(before, injected, { ...allowance, reserved: reservations.inForce(namespace, now) });
      if (room.fits && !dryRun) reservations.hold(namespace, room.charged, now);
      return room;
    },
    synced: () => quotas.synced() && limitRanges.synced(),
    stop: () => {
      quotas.stop();
      limitRanges.stop();
    },
  };
}
