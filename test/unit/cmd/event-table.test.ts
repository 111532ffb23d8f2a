import { expect, test } from '@jest/globals';
import { formatEventTable } from '../../../cmd/event-table.ts';
import { auditEvent, packetGap } from '../../support/audit-events.ts';
import { runPlugin } from '../../support/plugin.ts';

const LONG = auditEvent({ db: { query: { text: 'x'.repeat(500) } }, rest: { user: { name: 'a-long-account' } } });

test('headings, then a line for each event, all in the same columns', () => {
  expect(formatEventTable([auditEvent(), packetGap(), LONG], 110)).toEqual([
    'TIME          CLIENT            SERVER           USER@DB       STATEMENT                           ROWS   TOOK',
    '03:04:05.678  10.244.0.7        10.96.0.10:3306  app@shop      SELECT * FROM orders WHERE id = ?…     1  2.1ms',
    '03:04:05.678  shop/ord…8-abcde  -                -             LOST 14 packets (kernel-drops): packets came f…',
    '03:04:05.678  10.244.0.7        10.96.0.10:3306  a-long…@shop  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…     1  2.1ms',
  ]);
});

test('without a width nothing is cut', () => {
  expect(formatEventTable([LONG], undefined)[1]).toContain('x'.repeat(500));
});

test('it is what replay prints', async () => {
  const { stdout } = await runPlugin(['replay', '--timezone', 'UTC', '-'], {
    columns: 110,
    stdin: `${JSON.stringify(auditEvent())}\n${JSON.stringify(LONG)}\n`,
    environment: { NO_COLOR: '1' },
  });
  expect(stdout.trimEnd().split('\n')).toEqual(formatEventTable([auditEvent(), LONG], 110));
});
