import { expect, test } from '@jest/globals';
import { templateEnricher } from '../../../../collector/event/template.ts';
import { maskLiterals, withoutLiterals } from '../../../../collector/query/literals.ts';
import { compileMatcher } from '../../../../collector/query/matcher.ts';
import { auditEventSchema } from '../../../../contract/audit-event.ts';
import { auditEvent, sampleEvents } from '../../../support/audit-events.ts';

const withTemplate = templateEnricher();
const login = withTemplate(
  auditEvent({
    db: { query: { text: "SELECT * FROM users WHERE name = 'alice' AND n = 7", parameter: { 0: 'alice', 1: null } } },
    rest: { error: { code: '1', message: "no 'alice'" } },
  }),
);

test('a template is the text without literals', () => {
  expect(login.dbaudit.statement?.template).toBe('SELECT * FROM users WHERE name = ? AND n = ?');
  const redis = auditEvent({
    db: { system: { name: 'redis' }, operation: { name: 'SET' }, query: { text: 'SET cart:7 secret' } },
    statement: { tables: ['cart:7'] },
  });
  expect(withTemplate(redis).dbaudit.statement?.template).toBe('SET cart:7 ?');
});

test('the template of whoever sent the event does not count', () => {
  const lying = auditEvent({
    db: { system: { name: 'unknown' }, query: { text: 'secret' } },
    statement: { template: 'secret' },
  });
  expect(withTemplate(lying).dbaudit.statement).not.toHaveProperty('template');
  expect(withTemplate(auditEvent({ statement: { template: 'x' } })).dbaudit.statement?.template).toBe(
    'SELECT *\n  FROM orders WHERE id = ?',
  );
});

test('what is shown without the right to literals is an event without them', () => {
  const shown = maskLiterals(login);
  expect(JSON.stringify(shown)).not.toContain('alice');
  expect(shown.db?.query).toEqual({
    text: 'SELECT * FROM users WHERE name = ? AND n = ?',
    parameter: { 0: '?', 1: null },
  });
  expect(shown.error).toEqual({ code: '1', message: '' });
  for (const event of sampleEvents())
    expect(() => auditEventSchema.parse(maskLiterals(withTemplate(event)))).not.toThrow();
  expect(maskLiterals(auditEvent()).db?.query).not.toHaveProperty('text');
});

test('what is searched without the right to literals finds none', () => {
  const finds = (text: string) => compileMatcher(withoutLiterals({ kind: 'words', text }))(login);
  expect([finds('users name'), finds('ORDERS'), finds('alice')]).toEqual([true, true, false]);
  const like = compileMatcher(
    withoutLiterals({ kind: 'not', filter: { kind: 'like', field: 'db.query.text', pattern: '*alice*' } }),
  );
  expect(like(login)).toBe(true);
  for (const field of ['db.query.parameter', 'db.query.parameter.0', 'error.message']) {
    expect(() => withoutLiterals({ kind: 'any', of: [{ kind: 'not', filter: { kind: 'exists', field } }] })).toThrow(
      `${field} may hold values of users: it takes the right to read-literals`,
    );
  }
});
