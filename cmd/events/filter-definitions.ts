import { InvalidArgumentError } from 'commander';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { parseDuration } from '../duration.ts';
import { isOfKind, KINDS, parseKind } from './kinds.ts';
import { type KnownAddresses, ownPod, partiesOf } from './known-addresses.ts';
import { namePattern, partyPattern, podPattern } from './name-pattern.ts';

const NANOS_PER_MILLI = 1_000_000;

/** Undefined: the event does not say. */
export type Matcher = (event: AuditEvent) => boolean | undefined;

export interface FilterDefinition {
  /** As commander takes it: `--protocol <names>`; without a value, `--errors`. */
  readonly flags: string;
  readonly description: string;
  /**
   * What the filter means to a gap. `place`: it says where traffic is, so it leaves out the gaps of other places.
   * `kind`: leaves out gaps where it is negated and names them. Absent: gaps pass.
   */
  readonly gaps?: 'place' | 'kind';
  /** Leaves out what matches. */
  readonly negative?: true;
  /** Throws InvalidArgumentError in whole sentences. */
  matcher(value: string, known: KnownAddresses): Matcher | Promise<Matcher>;
}

/** Every filter, in the order of the help. To add one, add it here. */
export const FILTERS: readonly FilterDefinition[] = [
  {
    flags: '--protocol <names>',
    description: 'mysql, mariadb, postgresql, redis, …',
    gaps: 'place',
    matcher: (value) => {
      const wanted = words(value);
      return ({ db, network }) => {
        const names = [db?.system.name, network?.protocol].filter((name) => name !== undefined);
        return names.length === 0 ? undefined : names.some((name) => wanted.includes(name));
      };
    },
  },
  {
    flags: '--db-user <names>',
    description: 'database accounts; * stands for anything',
    matcher: (value) => named(value, ({ user }) => listOf(user?.name)),
  },
  {
    flags: '--db <names>',
    description: 'databases; * stands for anything',
    matcher: (value) => named(value, ({ db }) => listOf(db?.namespace)),
  },
  {
    flags: '--table <names>',
    description: 'tables or keys; * stands for anything',
    matcher: (value) =>
      named(value, ({ db, dbaudit }) => [...(dbaudit.statement?.tables ?? []), ...listOf(db?.collection?.name)]),
  },
  {
    flags: '--operation <words>',
    description: 'select, hgetall, create, … or a class: read, write, ddl, role, function, misc',
    matcher: (value) => {
      const wanted = words(value);
      return ({ db, dbaudit }) => {
        const operation = db?.operation?.name.toLowerCase();
        const [first] = operation?.split(' ') ?? [];
        return [operation, first, dbaudit.statement?.class?.toLowerCase()].some((word) => wanted.includes(word ?? ''));
      };
    },
  },
  {
    flags: '--kind <words>',
    description: `${KINDS.join(', ')}`,
    gaps: 'kind',
    matcher: (value) => {
      const wanted = words(value).map(parseKind);
      return (event) => wanted.some((kind) => isOfKind(event, kind));
    },
  },
  {
    flags: '--errors',
    description: 'what failed',
    matcher: () => (event) => isOfKind(event, 'error'),
  },
  {
    flags: '--slower <duration>',
    description: 'what took longer, such as 200ms; what still runs after that time, too',
    matcher: (value) => {
      const nanos = parseDuration(value) * NANOS_PER_MILLI;
      return (event) => (elapsedNanos(event) ?? 0) > nanos;
    },
  },
  {
    flags: '--rows-over <count>',
    description: 'what gave back or changed more rows',
    matcher: (value) => {
      const limit = parseRowCount(value);
      return ({ db, dbaudit }) =>
        Math.max(db?.response?.returned_rows ?? 0, dbaudit.result?.affected_rows ?? 0) > limit;
    },
  },
  {
    flags: '--pod <names>',
    description: 'pods in which it was captured: [NAMESPACE/]NAME; * stands for anything',
    gaps: 'place',
    matcher: (value) => {
      const patterns = valueList(value).map(podPattern);
      return (event) => {
        const pod = ownPod(event);
        return pod === undefined ? undefined : patterns.some((matches) => matches(pod));
      };
    },
  },
  {
    flags: '--from <peers>',
    description: 'clients: IP[:PORT], CIDR, [NAMESPACE/]POD, SERVICE.NAMESPACE',
    gaps: 'place',
    matcher: (value, known) => side('client', value, known),
  },
  {
    flags: '--to <peers>',
    description: 'servers, likewise; also :PORT',
    gaps: 'place',
    matcher: (value, known) => side('server', value, known),
  },
  {
    flags: '-i, --include <regex>',
    description: 'statement, parameters or error match; (?i) in front: in upper or lower case',
    matcher: expressionMatcher,
  },
  {
    flags: '-e, --exclude <regex>',
    description: 'leave out what matches',
    negative: true,
    matcher: expressionMatcher,
  },
  {
    flags: '--filter <expression>',
    description: 'CEL over the event: \'event.duration > 1000000 && db.query.text.contains("users")\'',
    matcher: async (value) => {
      // It knows the whole event; `--help` and completion need not wait for it.
      const { CelProblem, celFilter } = await import('./cel-filter.ts');
      try {
        return celFilter(value);
      } catch (error) {
        throw error instanceof CelProblem ? new InvalidArgumentError(error.message) : error;
      }
    },
  },
];

/** @throws InvalidArgumentError */
export function parseRowCount(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('A whole number is expected, such as 10000.');
  return Number(value);
}

/** `(?i)` in front, as RE2 and grep know it, is not JavaScript's: it becomes a flag. */
export function parseExpression(text: string): RegExp {
  const [, folded, source = ''] = /^(\(\?i\))?(.*)$/s.exec(text) ?? [];
  try {
    return new RegExp(source, folded === undefined ? 'u' : 'iu');
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : 'It is no regular expression.');
  }
}

function expressionMatcher(value: string): Matcher {
  const expression = parseExpression(value);
  return ({ db, error, event }) =>
    [
      db?.query?.text ?? db?.operation?.name ?? event.action,
      ...Object.values(db?.query?.parameter ?? {}),
      ...(error ? [`${error.code} ${error.message}`] : []),
    ].some((text) => text !== null && expression.test(text));
}

/** Of a statement that still runs: so far. */
function elapsedNanos({ event, '@timestamp': at }: AuditEvent): number | undefined {
  if (event.duration !== undefined || event.start === undefined) return event.duration;
  return (Date.parse(at) - Date.parse(event.start)) * NANOS_PER_MILLI;
}

function side(which: 'client' | 'server', value: string, known: KnownAddresses): Matcher {
  const patterns = valueList(value).map((text) => {
    const pattern = partyPattern(text);
    if (pattern === undefined)
      throw new InvalidArgumentError(
        `${JSON.stringify(text)} is no address, range, pod or service; 10.0.0.5:3306, 10.0.0.0/8, shop/orders-* and mysql.shop are.`,
      );
    return pattern;
  });
  return (event) => {
    const party = partiesOf(event, known)[which];
    const ip = event[which]?.ip;
    if (party === undefined || ip === undefined) return undefined;
    return patterns.some((matches) => matches(party, ip));
  };
}

function named(value: string, namesOf: (event: AuditEvent) => readonly string[]): Matcher {
  const patterns = valueList(value).map((text) => namePattern(text, true));
  return (event) => namesOf(event).some((name) => patterns.some((matches) => matches(name)));
}

function listOf(name: string | undefined): readonly string[] {
  return name === undefined ? [] : [name];
}

function words(value: string): readonly string[] {
  return valueList(value).map((word) => word.toLowerCase());
}

/**
 * `a,b` as its items.
 * @throws InvalidArgumentError where one is empty
 */
export function valueList(value: string): readonly string[] {
  const items = value.split(',').map((item) => item.trim());
  if (items.includes('')) throw new InvalidArgumentError('An item of the list is empty.');
  return items;
}
