import { describe, expect, test } from '@jest/globals';
import { collectorFilter } from '../../../../cmd/collector-client/filter-terms.ts';
import { buildFilter } from '../../../../cmd/events/filter.ts';
import { FILTERS } from '../../../../cmd/events/filter-definitions.ts';
import { KnownAddresses } from '../../../../cmd/events/known-addresses.ts';
import { compileMatcher } from '../../../../collector/query/matcher.ts';
import { filterSchema } from '../../../../contract/filter.ts';
import { auditEvent, packetGap, sampleEvents } from '../../../support/audit-events.ts';
import { parseFilters } from '../../../support/filters.ts';

const k8s = (pod: string) => ({ k8s: { kind: 'pod' as const, namespace: 'shop', pod } });
const EVENTS = [
  ...sampleEvents(),
  packetGap(),
  auditEvent({ dbaudit: { client: k8s('orders-7d9f8-abcde'), server: k8s('mysql-0') } }),
  auditEvent({ dbaudit: { server: { k8s: { kind: 'service', namespace: 'db', service: 'mysql' } } } }),
  auditEvent({ rest: { client: { ip: '127.0.0.1', port: 1 }, user: { name: 'App?' } } }),
  auditEvent({
    rest: { client: { ip: 'fd00::7', port: 40_001 } },
    event: { outcome: 'failure', duration: 3_000_000_000 },
  }),
  auditEvent({
    rest: { error: { code: '1064', message: 'syntax (near x)' } },
    db: { operation: { name: 'CREATE TABLE' } },
  }),
  auditEvent({
    db: { response: { returned_rows: 20_000 } },
    statement: { class: 'WRITE', tables: ['Orders', 'stock'] },
  }),
];

/** Each is meant alike by both: those that `tail` shows from logs are those that the collector finds. */
const WORDS = [
  ['--protocol', 'mysql'],
  ['--protocol', 'redis,postgresql'],
  ['--db-user', 'app'],
  ['--db-user', 'A*'],
  ['--db-user', 'app?'],
  ['--db', 'sh*,other'],
  ['--table', 'ORDERS'],
  ['--table', '*'],
  ['--operation', 'select'],
  ['--operation', 'create'],
  ['--operation', 'write,ddl'],
  ...['query', 'auth', 'session', 'error', 'gap', 'agent', 'api'].map((kind) => ['--kind', kind]),
  ['--errors'],
  ['--slower', '1s'],
  ['--slower', '1ms'],
  ['--rows-over', '10000'],
  ['--pod', 'orders-*'],
  ['--pod', 'shop/orders-7d9f8-abcde'],
  ['--pod', 'other/*'],
  ['--from', '10.244.0.0/16'],
  ['--from', '10.244.0.7:40000'],
  ['--from', 'fd00::7'],
  ['--from', '[fd00:0::7]:40001'],
  ['--from', 'shop/orders-*'],
  ['--from', 'orders-*'],
  ['--to', ':3306'],
  ['--to', 'mysql.db'],
  ['--to', 'mysql.db:3306'],
  ['--to', 'shop/mysql-0'],
  ['--include', 'from orders'],
  ['--include', '(?i)FROM ORDERS'],
  ['--include', '^42$'],
  ['--exclude', 'near'],
  ['--db-user', 'app', '--db-user', 'root', '--errors'],
  ['--not', '--db-user', 'app'],
  ['--not', '--kind', 'gap'],
  ['--not', '--from', 'orders-*', '--kind', 'query'],
];

describe('filters of the command line, for the collector', () => {
  test.each(WORDS.map((words) => [words.join(' '), words] as const))('%s', async (_, words) => {
    const terms = parseFilters(words);
    const here = await buildFilter(terms, new KnownAddresses());
    const there = collectorFilter(terms, { gaps: true });
    expect(filterSchema.parse(there)).toEqual(there);
    const matches = compileMatcher(there);
    for (const event of EVENTS) {
      expect([event.event.id, event.event.action, matches(event)]).toEqual([
        event.event.id,
        event.event.action,
        here(event),
      ]);
    }
  });

  test('without gaps only what is named passes', () => {
    const matches = compileMatcher(collectorFilter(parseFilters(['--db-user', 'app']), { gaps: false }));
    expect(matches(packetGap())).toBe(false);
    expect(matches(auditEvent())).toBe(true);
  });

  test('every filter but CEL has a form of its own', () => {
    const values: Readonly<Record<string, string>> = { '--slower': '1s', '--rows-over': '1', '--kind': 'gap' };
    for (const { flags } of FILTERS) {
      const flag = /--[a-z-]+/.exec(flags)?.[0] ?? '';
      const words = flags.includes('<') ? [flag, values[flag] ?? 'x'] : [flag];
      const translate = () => collectorFilter(parseFilters(words), { gaps: false });
      if (flag === '--filter') expect(translate).toThrow('--filter cannot be carried out by the collector');
      else expect(translate).not.toThrow();
    }
  });

  test.each([
    ['--from', '10.0.0.999', 'is no address, range, pod or service'],
    ['--kind', 'huge', 'is no kind'],
    ['--rows-over', 'many', 'A whole number'],
    ['--include', '(', '--include ('],
  ])('%s %s is refused in words', (flag, value, told) => {
    expect(() => collectorFilter(parseFilters([flag, value]), { gaps: false })).toThrow(told);
  });
});
