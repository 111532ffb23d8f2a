import { describe, expect, test } from '@jest/globals';
import { durationText, gapWords } from '../../../../cmd/events/formats/event-words.ts';
import { openFormat } from '../../../../cmd/events/formats/index.ts';
import { createTimeFormat } from '../../../../cmd/events/formats/time-format.ts';
import { KnownAddresses } from '../../../../cmd/events/known-addresses.ts';
import { textWidth } from '../../../../cmd/output/text-width.ts';
import { type AuditEvent, auditEventSchema } from '../../../../contract/audit-event.ts';
import { UserError } from '../../../../contract/user-error.ts';
import { auditEvent, encryptedSession, packetGap, sampleEvents } from '../../../support/audit-events.ts';

const PAINTED = { red: '31', green: '32', yellow: '33', cyan: '36', dim: '2', bold: '1' } as const;

interface View {
  readonly width?: number;
  readonly colour?: boolean;
  readonly highlight?: readonly RegExp[];
  readonly homeNamespace?: string;
}

/** The events as a whole run prints them, with names for the two addresses in them. */
function show(
  output: string,
  events: readonly AuditEvent[],
  { width, colour, highlight = [], homeNamespace }: View = {},
) {
  const known = new KnownAddresses();
  known.add('10.244.0.7', 'shop/orders-7d9f8-abcde', 0);
  known.add('10.96.0.10', 'mysql.shop', 0);
  const format = openFormat(output, {
    width: () => width,
    paint: (name, text) => (colour ? `\u001b[${PAINTED[name]}m${text}\u001b[0m` : text),
    time: createTimeFormat('time', 'UTC'),
    known,
    highlight,
    ...(homeNamespace === undefined ? {} : { homeNamespace }),
  });
  const received = events.map((event) => ({ event, line: JSON.stringify(event) }));
  format.prepare(received);
  return [...format.headings(), ...received.flatMap((one) => format.lines(one))];
}

const TEMPLATE =
  '{{@timestamp | time}} {{user.name | or nobody | upper | pad 8}}{{event.duration | duration | padleft 6}} {{statement | cut 40}}';
const JSONPATH = '{.user.name}{"\\t"}{.db.query.text}{"\\t"}{.dbaudit.statement.tables[0]}';

describe('golden', () => {
  test.each([
    ['compact', 80],
    ['compact', 120],
    ['compact', 160],
    ['compact', undefined],
    ['wide', 80],
    ['wide', 160],
    ['dict', 80],
    ['dict', 160],
    ['json', 80],
    ['json', 160],
    [`jsonpath=${JSONPATH}`, 80],
    [`jsonpath=${JSONPATH}`, 160],
    [`template=${TEMPLATE}`, 80],
    [`template=${TEMPLATE}`, 160],
  ])('%s at %s columns', (output, width) => {
    const view = width === undefined ? {} : { width };
    expect(`\n${show(output, sampleEvents(), view).join('\n')}\n`).toMatchSnapshot();
  });

  test('the samples are valid events', () => {
    for (const event of sampleEvents()) expect(auditEventSchema.safeParse(event).error).toBeUndefined();
  });
});

describe('every format', () => {
  test.each(['compact', 'wide', 'dict', 'json', `jsonpath=${JSONPATH}`, `template=${TEMPLATE}`])(
    '%s lets no control character reach the terminal',
    (output) => {
      const hostile = auditEvent({
        db: {
          namespace: 'a\u001b[31mb',
          query: { text: 'x\u001b]0;title\u0007\u202e\u009b2J\r\nnew', parameter: { 0: '\u001b[2J' } },
        },
        rest: { user: { name: 'u\u001b[2J' }, error: { code: '1\u0007', message: 'm\u001b[0m' } },
      });
      const lines = show(output, [hostile]);
      // The tab stands in the template itself.
      expect(lines.join('').replaceAll('\t', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    },
  );
});

describe('compact', () => {
  test.each([80, 100, 119, 120, 160, 200])('no line is wider than %d columns', (width) => {
    const wide = auditEvent({
      db: { namespace: 'd'.repeat(60), query: { text: '表'.repeat(300) } },
      rest: { user: { name: 'u'.repeat(60) }, error: { code: '1', message: 'e'.repeat(500) } },
    });
    for (const line of show('compact', [wide, ...sampleEvents()], { width }))
      expect(textWidth(line)).toBeLessThanOrEqual(width);
  });

  test('a statement is not lost behind its error, nor the error behind the statement', () => {
    const failed = auditEvent({
      db: { query: { text: `SELECT ${'a, '.repeat(200)}b FROM t` } },
      rest: { error: { code: '1142', message: `denied ${'x'.repeat(300)}` } },
    });
    const [, line] = show('compact', [failed], { width: 120 });
    expect(line).toMatch(/SELECT a, .*…\s+✘ 1142 denied x+…/);
  });

  test('pods of the namespace that is looked at are shown without it', () => {
    const [, line] = show('compact', [auditEvent()], { width: 160, homeNamespace: 'shop' });
    expect(line).toContain('  orders-7d9f8-abcde  mysql.shop:3306  ');
  });

  test('a name that is too long keeps its end, by which pods differ', () => {
    const [, line] = show('compact', [auditEvent()], { width: 80 });
    expect(line).toMatch(/ shop\/or…-abcde /);
  });

  test('what --include looked for is bold, within the colour of the line', () => {
    const dropped = auditEvent({ db: { query: { text: 'DROP TABLE users' } }, statement: { class: 'DDL' } });
    const [, line] = show('compact', [dropped], { colour: true, highlight: [/users/u, /table us/iu] });
    expect(line).toContain('\u001b[33mDROP \u001b[0m\u001b[1mTABLE users\u001b[0m');
  });

  test('gaps are red', () => {
    const [, line] = show('compact', [packetGap()], { colour: true });
    expect(line).toContain('\u001b[31mLOST 14 packets (kernel-drops): packets came faster than they were read');
  });

  test('a statement cut by the agent says how long it was; PREPARE, commands and running ones are named', () => {
    const lines = show('compact', [
      auditEvent({ statement: { truncated: true, text_length: 70_000 }, db: { query: { text: 'SELECT 1' } } }),
      auditEvent({ event: { action: 'db.prepare' }, db: { query: { text: 'SELECT ?' } } }),
      auditEvent({ event: { action: 'db.command' }, db: { operation: { name: 'COM_PING' }, query: {} } }),
      auditEvent({ capture: { notes: ['still-running'] } }),
      auditEvent({
        event: { action: 'db.execute' },
        db: { operation: { name: 'SELECT' }, query: { parameter: { 0: '1', 1: null } } },
      }),
    ]);
    expect(lines.slice(1).map((line) => line.slice(line.indexOf('app@shop') + 10).replace(/ {2}.*/, ''))).toEqual([
      'SELECT 1 … (70000 bytes)',
      'PREPARE SELECT ?',
      'COM_PING',
      '(still running) SELECT',
      'SELECT [1, NULL]',
    ]);
  });
});

describe('gaps in words', () => {
  test.each([
    [packetGap(), 'LOST 14 packets (kernel-drops): packets came faster than they were read'],
    [
      packetGap({ capture: { gap_packets: 1 } }),
      'LOST 1 packet (kernel-drops): packets came faster than they were read',
    ],
    [
      packetGap({ capture: { gap_packets: undefined, gap_bytes: 1460, notes: ['from-client'] } }),
      /^LOST 1460 bytes \(kernel-drops\) of the client: /,
    ],
    [encryptedSession(), 'BLIND encrypted: the client asked for TLS'],
  ])('%#', (event, words) => {
    if (typeof words === 'string') expect(gapWords(event)).toBe(words);
    else expect(gapWords(event)).toMatch(words);
  });
});

test.each([
  [0, '0ns'],
  [999, '999ns'],
  [1_000, '1µs'],
  [999_499, '999µs'],
  [999_500, '1.0ms'],
  [9_949_999, '9.9ms'],
  [9_950_000, '10ms'],
  [999_499_999, '999ms'],
  [999_500_000, '1.00s'],
  [61_000_000_000, '61.0s'],
  [99_960_000_000, '1m40s'],
  [5_999_000_000_000, '99m59s'],
  [7_260_000_000_000, '2h1m'],
])('%d ns are %s', (nanos, text) => {
  expect(durationText(nanos)).toBe(text);
});

describe('times', () => {
  const AT = '2026-01-02T23:04:05.678901234Z';
  test.each([
    ['time', 'UTC', '23:04:05.678'],
    ['datetime', 'UTC', '2026-01-02 23:04:05.678'],
    ['rfc3339', 'UTC', '2026-01-02T23:04:05.678Z'],
    ['full', 'UTC', AT],
    ['datetime', 'Asia/Kolkata', '2026-01-03 04:34:05.678'],
    ['rfc3339', 'Asia/Kolkata', '2026-01-03T04:34:05.678+05:30'],
    ['full', 'America/New_York', '2026-01-02T18:04:05.678901234-05:00'],
  ] as const)('%s in %s', (name, zone, text) => {
    expect(createTimeFormat(name, zone)(AT)).toBe(text);
  });
});

describe('what is no format is refused, with the place', () => {
  test.each([
    ['xml', /there is no format -o xml/],
    ['json=x', /there is no format -o json=x/],
    ['jsonpath', /-o jsonpath needs a template/],
    ['template=', /-o template needs a template/],
    ['template={{user.name', /this \{\{ has no \}\}, at column 1:\n\{\{user\.name\n\^/],
    ['template=x {{user.nam}}', /user has no field "nam"; it has name, at column 5:\nx \{\{user\.nam\}\}\n {4}\^/],
    ['template={{user.name | shout}}', /there is no function "shout"; there are time, .*, at column 15/],
    ['template={{user.name | pad}}', /pad takes a number, at column 15/],
    ['template={{user.name | upper 3}}', /upper takes nothing/],
    ['template={{}}', /"" is no path/],
    ['jsonpath={.user.name', /this brace has no other half, at column 1/],
    ['jsonpath={.items[?(@.x)]}', /conditions, \.\. and range are not known/],
    ['jsonpath={range .items}', /conditions, \.\. and range are not known/],
    ['jsonpath={.user.name.first}', /user\.name has no fields/],
  ])('%s', (output, message) => {
    expect(() => show(output, [])).toThrow(UserError);
    expect(() => show(output, [])).toThrow(message);
  });
});

test('a path of jsonpath alone needs no braces', () => {
  expect(show('jsonpath=.db.query.parameter.0', [auditEvent()])).toEqual(['42']);
  expect(show('jsonpath={$.dbaudit.statement.tables[*]}', [auditEvent()])).toEqual(['orders']);
});
