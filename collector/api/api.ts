import { Router } from 'express';
import type { StatusAnswer } from '../../contract/collector-api.ts';
import type { Intake } from '../intake.ts';
import type { EventStore } from '../store/event-store.ts';
import { alertRoutes } from './alerts.ts';
import { eventRoutes } from './events.ts';
import { exportRoutes } from './export.ts';
import { findingRoutes } from './findings.ts';
import { integrityRoutes } from './integrity.ts';
import type { LiveTail } from './live-tail.ts';
import { queryRoutes } from './query.ts';
import { reportRoutes } from './reports.ts';
import { absent, type Route } from './route.ts';
import { type ApiOptions, apiRouter } from './router.ts';
import { ruleRoutes } from './rules.ts';
import type { AlertDesk, ReportRoom, RuleBook, Verifier } from './services.ts';
import { type SignInOptions, signInRouter } from './sign-in.ts';
import { statusRoutes } from './status.ts';
import { tailRoutes } from './tail.ts';

/** What the routes are made of; a part that is absent answers DBA5009. */
export interface Services {
  readonly store: EventStore;
  readonly live: LiveTail;
  readonly alerts?: AlertDesk;
  readonly rules?: RuleBook;
  readonly reports?: ReportRoom;
  readonly verifier?: Verifier;
  status(): Promise<StatusAnswer>;
}

export interface ApiParts extends ApiOptions {
  readonly services: Services;
  /** Takes what other tools found. */
  readonly intake: Pick<Intake, 'take'>;
  /** Its name, for people who have several. */
  readonly cluster?: string;
  readonly signIn: Omit<SignInOptions, 'identify' | 'access' | 'log' | 'cluster'>;
}

/** All of contract/collector-api.ts, to be mounted at API_PATH. */
export function collectorApi({ services, intake, cluster, signIn, ...options }: ApiParts): Router {
  const { authority } = options;
  const named = cluster === undefined ? {} : { cluster };
  const { store, live, alerts, rules, reports, verifier } = services;
  const routes: readonly Route[] = [
    ...statusRoutes({ authority, status: () => services.status(), ...named }),
    ...eventRoutes(store),
    ...queryRoutes(store),
    ...tailRoutes(live),
    ...exportRoutes(store),
    ...findingRoutes(intake),
    ...(alerts === undefined ? [] : alertRoutes(alerts)),
    ...(rules === undefined ? [] : ruleRoutes(rules)),
    ...(reports === undefined ? [] : reportRoutes(reports)),
    ...(verifier === undefined ? [] : integrityRoutes(verifier)),
  ];
  const router = Router();
  router.use(signInRouter({ ...signIn, ...named, ...options }));
  router.use(apiRouter(routes, options));
  const parts = { alerts, silences: alerts, rules, reports, verify: verifier };
  for (const [path, part] of Object.entries(parts)) {
    if (part === undefined) router.use(`/${path}`, (_request, response) => absent(`/${path}`).answer(response));
  }
  return router;
}
