import { CoreV1Api, type CoreV1Event, type KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { messageOf, startInformer } from '../../kubernetes/informer.ts';
import { StoreBusy } from '../store/failure.ts';
import { contentId, thirdPartyEvent, timestampOf } from './third-party-event.ts';

/** The API server keeps an Event for an hour; a cluster in trouble makes thousands. Those beyond it are counted and said. */
const MAX_WAITING = 10_000;
const BATCH = 500;
const GATHER_MILLIS = 1_000;
const PAGE = 500;
const CHAIN = 'collector/kubernetes-events';

export interface KubernetesEventsOptions {
  readonly kubeConfig: KubeConfig;
  /** As Intake's; what fails with StoreBusy is tried again. */
  take(events: readonly AuditEvent[], chain: string): Promise<unknown>;
  readonly log: Logger;
}

export interface KubernetesEvents {
  /** Whether those that were there at the start are on their way. */
  synced(): boolean;
  /** Gives what has come so far, then ends. */
  stop(): Promise<void>;
}

/**
 * The cluster's own Events as audit events, from now on and as far back as the API server has them. Each state of an Event
 * has an id of its own, so that a list after a restart doubles nothing. Needs `list` and `watch` of events.
 */
export function watchKubernetesEvents({ kubeConfig, take, log }: KubernetesEventsOptions): KubernetesEvents {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  let waiting: AuditEvent[] = [];
  let dropped = 0;
  let lists = 0;
  let heardAt = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let under = Promise.resolve();

  const add = (event: AuditEvent) => {
    if (waiting.length < MAX_WAITING) waiting.push(event);
    else dropped += 1;
    timer ??= setTimeout(flushSoon, GATHER_MILLIS);
  };
  const flushSoon = () => {
    timer = undefined;
    under = under.then(flush);
  };
  const flush = async () => {
    if (dropped > 0) {
      waiting.push(gapOf(`${dropped} Events came faster than they could be taken`, Date.now(), dropped));
      dropped = 0;
    }
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      try {
        await take(batch, CHAIN);
      } catch (error) {
        const wait = error instanceof StoreBusy ? error.afterMillis : GATHER_MILLIS;
        if (!(error instanceof StoreBusy)) log.warn({ error: messageOf(error) }, 'Events are not taken; trying again');
        timer ??= setTimeout(flushSoon, wait);
        return;
      }
      waiting = waiting.slice(batch.length);
    }
  };
  const informer = startInformer<CoreV1Event>({
    kubeConfig,
    path: '/api/v1/events',
    list: async () => {
      const items: CoreV1Event[] = [];
      const since = heardAt;
      for (let next: string | undefined; ; ) {
        const page = await core.listEventForAllNamespaces({
          limit: PAGE,
          ...(next === undefined ? {} : { _continue: next }),
        });
        items.push(...page.items);
        next = page.metadata?._continue;
        if (next !== undefined && next !== '') continue;
        // A second list: the watch was cut off for longer than the API server remembers changes.
        if (lists > 0)
          add(gapOf('the watch of Events was cut off; those that came and went meanwhile are missing', since));
        lists += 1;
        heardAt = Date.now();
        return { ...page, items };
      }
    },
    onChange: (event, change) => {
      if (change === 'present') add(kubernetesEvent(event));
    },
    onHeard: () => {
      heardAt = Date.now();
    },
    log,
  });
  return {
    synced: informer.synced,
    stop: async () => {
      informer.stop();
      clearTimeout(timer);
      timer = undefined;
      await under;
      await flush();
      clearTimeout(timer);
    },
  };
}

/** One state of an Event: it is written again with a higher count when the same happens again. */
export function kubernetesEvent(event: CoreV1Event): AuditEvent {
  const { metadata, involvedObject, reason, message, type, source, series } = event;
  const count = series?.count ?? event.count ?? 1;
  const at = series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? metadata.creationTimestamp;
  const node = source?.host ?? (involvedObject.kind === 'Node' ? involvedObject.name : undefined);
  const isWarning = type === 'Warning';
  return thirdPartyEvent(
    timestampOf(at === undefined ? Date.now() : new Date(at).getTime()),
    {
      id: `k8s-event-${metadata.uid}-${count}`,
      kind: 'event',
      category: ['process'],
      type: [isWarning ? 'error' : 'info'],
      action: 'k8s.event',
      outcome: isWarning ? 'failure' : 'unknown',
      dataset: 'kubernetes.event',
      severity: isWarning ? 4 : 6,
      ...(reason === undefined || reason === '' ? {} : { reason }),
    },
    message ?? '',
    {
      kubernetes: {
        namespace: involvedObject.namespace ?? '-',
        ...(involvedObject.kind === 'Pod' && involvedObject.name !== undefined
          ? { pod: { name: involvedObject.name } }
          : {}),
        ...(node === undefined || node === '' ? {} : { node: { name: node } }),
      },
      orchestrator: {
        type: 'kubernetes',
        resource: { type: involvedObject.kind ?? '', name: involvedObject.name ?? '' },
        event: { count, component: event.reportingComponent || source?.component || '' },
      },
    },
  );
}

/** Events that nobody can give us any more. */
function gapOf(message: string, since: number, events?: number): AuditEvent {
  const event = thirdPartyEvent(
    timestampOf(since),
    {
      id: contentId('k8s-event-gap', [message, since]),
      kind: 'event',
      category: ['process'],
      type: ['error'],
      action: 'db.gap',
      outcome: 'failure',
      dataset: 'kubernetes.event',
      severity: 4,
      reason: 'source',
    },
    message,
    {},
  );
  const capture = { ...event.dbaudit.capture, ...(events === undefined ? {} : { gap_events: events }) };
  return { ...event, dbaudit: { ...event.dbaudit, capture } };
}
