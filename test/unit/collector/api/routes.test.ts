import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { API_RIGHTS, whoamiSchema } from '../../../../contract/collector-api.ts';
import { makeAuthority } from '../../../../kubernetes/certificates/key-pairs.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { clientCertificate } from '../../../support/collector/client-certificate.ts';
import { emptyServices } from '../../../support/collector/empty-services.ts';
import { holder, type OpenDoor, openTestDoor } from '../../../support/collector/open-door.ts';

const RANGE = { from: 0, to: 4_000_000_000_000 };
const TEMPLATE = 'SELECT * FROM orders WHERE id = ?';
const SECRET = '4242-4242';
const clients = await makeAuthority(new Date());
let door: OpenDoor;

/** An event of a namespace, with a value in its text and its parameters. */
function statementIn(namespace: string, sequence: number): AuditEvent {
  return auditEvent({
    sequence,
    db: { query: { text: `SELECT * FROM orders WHERE id = '${SECRET}'`, parameter: { 0: SECRET } } },
    statement: { template: TEMPLATE },
    rest: {
      kubernetes: { namespace, pod: { name: 'orders-0' } },
      error: { code: '1064', message: `near '${SECRET}'` },
    },
  });
}

beforeEach(async () => {
  door = await openTestDoor({ clientAuthority: clients.certificate });
  const { known, store } = door;
  for (const name of ['auditor', 'blind', 'reader', 'half', 'stranger', 'keeper']) known.tokens[name] = holder(name);
  known.rights.auditor = Object.entries(API_RIGHTS).flatMap(([resource, verbs]) =>
    verbs.map((verb) => `${verb} ${resource}`),
  );
  known.rights.blind = ['get auditevents', 'query auditevents', 'export auditevents'];
  known.rights.reader = ['get auditevents -n shop', 'read-literals auditevents -n shop'];
  known.rights.half = [
    ...['get auditevents -n shop', 'get auditevents -n bank', 'read-literals auditevents -n bank'],
    'export auditevents -n bank',
  ];
  known.rights.keeper = ['get rules', 'update rules', 'get silences'];
  await store.append([statementIn('shop', 1), statementIn('bank', 2), statementIn('shop', 3)], 'a');
  await store.append([auditEvent({ sequence: 4, rest: { kubernetes: undefined } })], 'a');
});
afterEach(() => door.close());

const search = (token: string, more: object = {}, query = '') =>
  door.ask(`/api/v1/search${query}`, { token, body: { range: RANGE, ...more } });
const namespacesIn = (json: unknown): readonly (string | undefined)[] =>
  eventsIn(json).map(({ kubernetes }) => kubernetes?.namespace);
function eventsIn(json: unknown): readonly AuditEvent[] {
  return Object(json).events;
}

describe('what of events somebody sees', () => {
  test.each([
    ['auditor', ['shop', 'bank', 'shop', undefined], true],
    ['blind', ['shop', 'bank', 'shop', undefined], false],
    ['reader', ['shop', 'shop'], true],
    ['half', ['shop', 'bank', 'shop'], false],
  ])('%s: of %j, literals: %s', async (token, namespaces, literals) => {
    const { status, json, text } = await search(token, { order: 'oldest' });
    expect(status).toBe(200);
    expect(namespacesIn(json)).toEqual(namespaces);
    expect(text.includes(SECRET)).toBe(literals);
    const [{ db }] = [...eventsIn(json)] as [AuditEvent];
    expect(db?.query?.text).toBe(literals ? `SELECT * FROM orders WHERE id = '${SECRET}'` : TEMPLATE);
  });

  test('a namespace that was asked for shows its literals where all together may not', async () => {
    const { json, text } = await search('half', {}, '?namespace=bank');
    expect(namespacesIn(json)).toEqual(['bank']);
    expect(text).toContain(SECRET);
    expect(await search('half', {}, '?namespace=lab')).toMatchObject({ status: 403, json: { code: 'DBA5002' } });
  });

  test('a filter within the scope, never beyond it', async () => {
    const filter = { kind: 'any', of: [{ kind: 'exists', field: 'event.id' }] };
    expect(namespacesIn((await search('reader', { filter })).json)).toEqual(['shop', 'shop']);
  });

  test('pages follow one another', async () => {
    const filter = { kind: 'is', field: 'event.action', values: ['db.query'] };
    const first = await search('auditor', { filter, limit: 3 });
    const second = await search('auditor', { filter, limit: 3, cursor: Object(first.json).cursor });
    const numbers = [...eventsIn(first.json), ...eventsIn(second.json)].map(({ event }) => event.sequence);
    expect(numbers).toEqual([4, 3, 2, 1]);
    expect(second.json).not.toHaveProperty('cursor');
  });

  test.each([
    ['/search', { filter: { kind: 'is', field: 'db.query.parameter.0', values: [SECRET] } }],
    ['/search', { filter: { kind: 'not', filter: { kind: 'like', field: 'error.message', pattern: '*4242*' } } }],
    ['/top', { fields: ['db.query.parameter'] }],
    ['/histogram', { stepSeconds: 1_000_000, by: 'error.message' }],
    ['/rules/test', { source: 'detection: {}' }],
  ])('who may not see literals cannot ask by them: %s %j', async (path, body) => {
    door = await withRules(door);
    const answer = await door.ask(`/api/v1${path}`, { token: 'blind', body: { range: RANGE, ...body } });
    expect(answer).toMatchObject({ status: 403, json: { code: 'DBA5005' } });
    expect(door.records().at(-1)).toMatchObject({ event: { action: 'dbaudit.refused' } });
  });

  test('grouping by statements groups by their templates', async () => {
    const body = { range: RANGE, fields: ['db.query.text'] };
    const { text, json } = await door.ask('/api/v1/top', { token: 'blind', body });
    expect(text).not.toContain(SECRET);
    expect(json).toMatchObject({ rows: expect.arrayContaining([expect.objectContaining({ values: [TEMPLATE] })]) });
  });

  test('SQL gets the scope as its filter, and whether literals are in the view', async () => {
    const ask = (token: string) => door.ask('/api/v1/query', { token, body: { sql: 'SELECT 1' } });
    expect((await ask('blind')).json).toEqual({
      columns: [{ name: 'n', type: 'BIGINT' }],
      rows: [[1]],
      truncated: false,
    });
    expect(door.store.asked.at(-1)).toMatchObject({ literals: false, filter: { kind: 'all', of: [] } });
    expect(await ask('reader')).toMatchObject({ status: 403 });
  });

  test('an export is all of it, in its namespaces alone', async () => {
    const filter = { kind: 'is', field: 'event.action', values: ['db.query'] };
    const { status, text, headers } = await door.ask('/api/v1/export', { token: 'half', body: { range: RANGE } });
    expect(status).toBe(200);
    expect(headers['content-disposition']).toBe('attachment; filename="audit-events.ndjson"');
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).kubernetes.namespace),
    ).toEqual(['bank']);
    const csv = await door.ask('/api/v1/export', { token: 'auditor', body: { range: RANGE, format: 'csv', filter } });
    const [head, ...lines] = csv.text.trimEnd().split('\r\n');
    expect(head).toMatch(/^time,id,kind,action,/);
    expect(lines).toHaveLength(4);
  });
});

/** With a rule book that finds one event. */
async function withRules(before: OpenDoor): Promise<OpenDoor> {
  const { known, close } = before;
  await close();
  const found = { at: '', group: {}, count: 1, events: [statementIn('shop', 1)] };
  const { rules } = emptyServices();
  rules.test = async () => ({ detections: [found], total: 1, matched: 1 });
  const opened = await openTestDoor({ services: { rules } });
  Object.assign(opened.known.tokens, known.tokens);
  Object.assign(opened.known.rights, known.rights);
  return opened;
}

test('a rule’s test shows events without literals to who may not see them', async () => {
  door = await withRules(door);
  const { status, text } = await door.ask('/api/v1/rules/test', { token: 'blind', body: { id: 'x', range: RANGE } });
  expect(status).toBe(200);
  expect(text).toContain(TEMPLATE);
  expect(text).not.toContain(SECRET);
});

describe('who may ask', () => {
  test.each([
    ['GET', '/rules', ['auditor', 'keeper']],
    ['POST', '/rules/x/change', ['auditor', 'keeper']],
    ['DELETE', '/rules/x', ['auditor', 'keeper']],
  ])('%s %s: %j and nobody else', async (method, path, allowed) => {
    door = await withRules(door);
    for (const token of ['auditor', 'blind', 'reader', 'half', 'stranger', 'keeper']) {
      const body = method === 'POST' ? { body: { mode: 'on' } } : {};
      const { status } = await door.ask(`/api/v1${path}`, { method, token, ...body });
      expect({ token, isForbidden: status === 403 }).toEqual({ token, isForbidden: !allowed.includes(token) });
    }
  });

  test('nobody: 401 with how to be known, and on record', async () => {
    const answer = await door.ask('/api/v1/whoami');
    expect(answer).toMatchObject({ status: 401, json: { code: 'DBA5001' }, headers: { 'www-authenticate': 'Bearer' } });
    expect(door.records()).toMatchObject([{ event: { action: 'dbaudit.refused', outcome: 'failure' } }]);
  });

  test('a stranger: 403 that names the right', async () => {
    const { status, json } = await search('stranger');
    expect({ status, json }).toMatchObject({
      status: 403,
      json: { code: 'DBA5002', message: expect.stringContaining('get auditevents of audit.dbaudit.io') },
    });
    expect(door.records()).toMatchObject([{ dbaudit: { actor: { name: 'stranger' }, access: { verb: 'search' } } }]);
  });

  test('a token for our audience names a user too', async () => {
    const claims = Buffer.from(JSON.stringify({ aud: ['dbaudit'] })).toString('base64url');
    door.known.ownTokens[`h.${claims}.s`] = holder('reader');
    expect((await search(`h.${claims}.s`)).status).toBe(200);
  });

  test('an API server that is away: nothing is shown', async () => {
    door.known.away = true;
    expect(await search('auditor')).toMatchObject({ status: 503, json: { code: 'DBA5011' } });
  });

  test('whoami says what one may', async () => {
    const who = whoamiSchema.parse((await door.ask('/api/v1/whoami', { token: 'half' })).json);
    expect(who).toMatchObject({
      name: 'half',
      namespaces: ['bank', 'shop'],
      literals: false,
      rights: ['auditevents/get', 'auditevents/read-literals', 'auditevents/export'],
    });
  });
});

describe('certificates', () => {
  test('one of the cluster’s client CA names user and groups', async () => {
    const certificate = await clientCertificate(clients, { user: 'auditor', groups: ['team-a', 'team-b'] });
    const { status, json } = await door.ask('/api/v1/whoami', { certificate });
    expect({ status, json }).toMatchObject({
      status: 200,
      json: { name: 'auditor', groups: ['team-a', 'team-b', 'system:authenticated'], namespaces: 'all' },
    });
  });

  test.each<[string, () => Promise<Parameters<typeof clientCertificate>>]>([
    ['of another CA', async () => [await makeAuthority(new Date()), { user: 'auditor' }]],
    ['that ended', async () => [clients, { user: 'auditor', endedAgo: 60_000 }]],
    ['of a server', async () => [clients, { user: 'auditor', usage: 'server' }]],
    ['without a name', async () => [clients, { user: '' }]],
  ])('one %s names nobody', async (_, parameters) => {
    const certificate = await clientCertificate(...(await parameters()));
    expect((await door.ask('/api/v1/whoami', { certificate })).status).toBe(401);
  });

  test('a wrong token is not made up for by a certificate', async () => {
    const certificate = await clientCertificate(clients, { user: 'auditor' });
    expect((await door.ask('/api/v1/whoami', { certificate, token: 'wrong' })).status).toBe(401);
  });

  test('a new client CA is believed from then on', async () => {
    const next = await makeAuthority(new Date());
    const certificate = await clientCertificate(next, { user: 'auditor' });
    expect((await door.ask('/api/v1/whoami', { certificate })).status).toBe(401);
    door.server.trust(next.certificate);
    expect((await door.ask('/api/v1/whoami', { certificate })).status).toBe(200);
  });
});

describe('the record', () => {
  test('a read: who, from where, what, where, whether literals, how much', async () => {
    const filter = { kind: 'is', field: 'event.action', values: ['db.query'] };
    await search('reader', { filter });
    const [record] = door.records();
    expect(record).toMatchObject({
      event: { action: 'dbaudit.access', outcome: 'success', category: ['api'], type: ['access'], sequence: 0 },
      client: { ip: '127.0.0.1', port: expect.any(Number) },
      dbaudit: {
        actor: { type: 'human', name: 'reader', method: 'token' },
        access: { resource: 'auditevents', verb: 'search', namespaces: ['shop'], literals: true, events: 2 },
      },
    });
    expect(record?.dbaudit.access?.query).toContain('"db.query"');
    expect(record?.kubernetes).toBeUndefined();
    expect(JSON.stringify(record)).not.toContain('Bearer');
  });

  test('reading the records is one more record, not more and more', async () => {
    const filter = { kind: 'is', field: 'event.action', values: ['dbaudit.access'] };
    for (let times = 0; times < 5; times += 1) await search('auditor', { filter });
    expect(door.records().map(({ dbaudit }) => dbaudit.access?.events)).toEqual([0, 1, 2, 3, 4]);
  });

  test('what cannot be recorded is not shown', async () => {
    door.store.busyMillis = 1;
    const { status, json, text } = await search('auditor');
    expect({ status, json }).toMatchObject({ status: 503, json: { code: 'DBA5012' } });
    expect(text).not.toContain(SECRET);
  });

  test('a question that fails is on record as such', async () => {
    const { status } = await search('auditor', { filter: { kind: 'is', field: 'no.such', values: [1] } });
    expect(status).toBe(400);
    expect(door.records()).toMatchObject([{ event: { outcome: 'failure', action: 'dbaudit.access' } }]);
  });
});

describe('what is wrong with a request', () => {
  test.each<[string, string, object, number, string]>([
    ['no range', '/search', { body: {} }, 400, 'DBA5003'],
    ['a field that is not there', '/top', { body: { range: RANGE, fields: ['x.y'] } }, 400, 'DBA5003'],
    ['too many steps', '/histogram', { body: { range: RANGE, stepSeconds: 1 } }, 400, 'DBA5003'],
    ['no JSON', '/search', { body: '{', headers: { 'content-type': 'application/json' } }, 400, 'DBA5010'],
    ['a form', '/search', { body: 'a=b', headers: { 'content-type': 'text/plain' } }, 415, 'DBA5003'],
    ['too long', '/search', { body: { range: RANGE, cursor: 'x'.repeat(2_000_000) } }, 400, 'DBA5010'],
    ['another path', '/nothing', {}, 404, 'DBA5004'],
    ['a part that is absent', '/alerts', { body: {} }, 404, 'DBA5009'],
    ['a part that is absent', '/reports/x.html', {}, 404, 'DBA5009'],
  ])('%s', async (_, path, question, status, code) => {
    const answer = await door.ask(`/api/v1${path}`, { token: 'auditor', ...question });
    expect(answer).toMatchObject({ status, json: { code, message: expect.any(String), help: expect.any(String) } });
  });

  test('a bug shows nothing of itself', async () => {
    door.store.totals = () => Promise.reject(new Error(`inner ${SECRET}`));
    const { status, text } = await door.ask('/api/v1/totals', { token: 'auditor', body: { range: RANGE } });
    expect({ status, text }).toEqual({ status: 500, text: expect.not.stringContaining('inner') });
  });
});
