import type { StatusAnswer, Whoami } from '../../contract/collector-api.ts';
import { API_RIGHTS } from '../../contract/collector-api.ts';
import { VERSION } from '../../contract/version.ts';
import type { Authority, Right } from '../access/authorize.ts';
import { get, json, type Route } from './route.ts';

export interface StatusOptions {
  readonly authority: Authority;
  readonly cluster?: string;
  status(): Promise<StatusAnswer>;
}

const SEE: Right = { resource: 'auditevents', verb: 'get' };

/** Who asks, by the API server's word, and how the collector fares. */
export function statusRoutes({ authority, cluster, status }: StatusOptions): readonly Route[] {
  return [
    get({
      path: '/whoami',
      need: { kind: 'known' },
      async run({ caller: { user } }) {
        const { namespaces, literals } = await authority.scope(user, SEE);
        const held = await Promise.all(
          RIGHTS.map(async (right) => ({ right, where: await rightOf(authority, user, right) })),
        );
        const rights = held.filter(({ where }) => where).map(({ right }) => `${right.resource}/${right.verb}`);
        const who: Whoami = {
          name: user.name,
          groups: [...user.groups],
          namespaces: namespaces === 'all' ? 'all' : [...namespaces],
          literals,
          rights,
          ...(cluster === undefined ? {} : { cluster }),
          version: VERSION,
        };
        return json(who);
      },
    }),
    get({
      path: '/status',
      need: { kind: 'scoped', right: SEE },
      async run({ scope }) {
        const known = await status();
        // Sources are named by their pods, of all namespaces.
        return json(scope.namespaces === 'all' ? known : { ...known, sources: [] });
      },
    }),
  ];
}

const RIGHTS: readonly Right[] = [
  ...API_RIGHTS.auditevents.map((verb) => ({ resource: 'auditevents', verb }) as const),
  ...API_RIGHTS.alerts.map((verb) => ({ resource: 'alerts', verb }) as const),
  ...API_RIGHTS.silences.map((verb) => ({ resource: 'silences', verb }) as const),
  ...API_RIGHTS.rules.map((verb) => ({ resource: 'rules', verb }) as const),
  ...API_RIGHTS.reports.map((verb) => ({ resource: 'reports', verb }) as const),
  ...API_RIGHTS.integrity.map((verb) => ({ resource: 'integrity', verb }) as const),
];

/** What counts in the whole cluster only; the others are of use within a namespace too. */
const WHOLE_CLUSTER: readonly string[] = ['silences', 'rules', 'integrity'];

async function rightOf(authority: Authority, user: Parameters<Authority['may']>[0], right: Right): Promise<boolean> {
  if (WHOLE_CLUSTER.includes(right.resource)) return authority.may(user, right);
  return (await authority.scope(user, right)).namespaces.length > 0;
}
