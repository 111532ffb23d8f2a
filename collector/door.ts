import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { SINK_TOKEN_AUDIENCE } from '../contract/labels.ts';
import { accessReviews, type ReviewAccess } from '../kubernetes/access-review.ts';
import type { KeyPair } from '../kubernetes/certificates/key-pairs.ts';
import { messageOf } from '../kubernetes/informer.ts';
import { type CheckAccess, metricsAccess } from '../kubernetes/metrics-access.ts';
import { type ReviewToken, tokenReviews } from '../kubernetes/token-review.ts';
import { Authority } from './access/authorize.ts';
import { identifier } from './access/identify.ts';
import { type OidcSettings, OidcSignIn } from './access/oidc.ts';
import { AccessLog } from './access/record.ts';
import { WebSessions } from './access/web-session.ts';
import { collectorApi, type Services } from './api/api.ts';
import { webPage } from './api/web-page.ts';
import { agentIngest } from './ingest/agents.ts';
import type { Intake } from './intake.ts';
import type { CollectorMetrics } from './metrics.ts';
import { type CollectorServer, startCollectorServer } from './server.ts';

/** What the API server is asked about whoever knocks. */
export interface KubernetesWord {
  readonly reviewToken: ReviewToken;
  /** For the audience SINK_TOKEN_AUDIENCE, of agents above all. */
  readonly reviewOwnToken: ReviewToken;
  readonly reviewAccess: ReviewAccess;
  readonly checkMetricsAccess: CheckAccess;
}

/** A token that was taken back is of use so long. */
const USERS = { believedMillis: 60_000, maxRemembered: 1_000, maxUnderWay: 8, maxWaiting: 200 } as const;
/** 10,000 agents are some 80 questions a second; after a restart of the collector all come at once. */
const AGENTS = { believedMillis: 120_000, maxRemembered: 20_000, maxUnderWay: 16, maxWaiting: 5_000 } as const;

export function kubernetesWord(kubeConfig: KubeConfig): KubernetesWord {
  return {
    reviewToken: tokenReviews({ kubeConfig, ...USERS }),
    reviewOwnToken: tokenReviews({ kubeConfig, audience: SINK_TOKEN_AUDIENCE, ...AGENTS }),
    reviewAccess: accessReviews(kubeConfig),
    checkMetricsAccess: metricsAccess(kubeConfig),
  };
}

export interface DoorOptions {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Absent: in the clear, on this machine alone. */
  readonly leaf: KeyPair | undefined;
  /** The cluster's client CA as PEM, where it is known already. */
  readonly clientAuthority?: string;
  readonly word: KubernetesWord;
  /** Where there is no Kubernetes to say whose a token is: whoever has one may send events of anybody. */
  readonly anyAgent?: boolean;
  readonly intake: Pick<Intake, 'take'>;
  readonly services: Services;
  readonly metrics: CollectorMetrics;
  /** Tells this start of the collector from every other. */
  readonly instance: string;
  readonly log: Logger;
  /** The cluster's name, for people who have several. */
  readonly cluster?: string;
  readonly oidc?: OidcSettings;
  /** The built page; absent: there is none. */
  readonly webDirectory?: string;
  /** All that may have events: those who may not see all are asked about one by one. */
  namespaces(): readonly string[];
  ready(): boolean;
  /** A right that was taken away is of use so long; for tests, that cannot wait. */
  readonly rightsBelievedMillis?: number;
}

/**
 * Opens the collector to agents, people and scrapers.
 * @throws Error where the address or the port is not to be had
 */
export async function openDoor(options: DoorOptions): Promise<CollectorServer> {
  const { word, intake, services, metrics, instance, log, cluster, oidc, webDirectory, rightsBelievedMillis } = options;
  const access = new AccessLog({ intake, instance, log });
  const sessions = new WebSessions();
  const authority = new Authority({
    review: word.reviewAccess,
    namespaces: () => options.namespaces(),
    ...(rightsBelievedMillis === undefined ? {} : { believedMillis: rightsBelievedMillis }),
  });
  const server = await startCollectorServer({
    ...options,
    ingest: agentIngest({
      review: word.reviewOwnToken,
      intake,
      access,
      metrics,
      log,
      anyAgent: options.anyAgent === true,
    }),
    api: collectorApi({
      services,
      intake,
      authority,
      access,
      log,
      identify: identifier({ ...word, sessions }),
      signIn: { sessions, ...(oidc === undefined ? {} : { oidc: new OidcSignIn(oidc) }) },
      ...(cluster === undefined ? {} : { cluster }),
    }),
    ...(webDirectory === undefined ? {} : { page: webPage(webDirectory) }),
    checkMetricsAccess: word.checkMetricsAccess,
    onError: (error) => log.error({ error: messageOf(error) }, 'a request failed'),
  });
  return {
    ...server,
    close: async () => {
      await server.close();
      await access.close();
    },
  };
}
