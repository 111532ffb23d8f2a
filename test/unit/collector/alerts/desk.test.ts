import { afterEach, expect, test } from '@jest/globals';
import { DeskRefusal } from '../../../../collector/alerts/silence.ts';
import { auditEventSchema } from '../../../../contract/audit-event.ts';
import { DeskBench } from '../../../support/alerts/desk-bench.ts';
import { detection, TEST_START } from '../../../support/alerts/detections.ts';
import { auditEvent } from '../../../support/audit-events.ts';

const CHAT = { type: 'slack', name: 'chat', urlFile: '/secrets/slack' };
const ROUTE = { name: 'all', channels: ['chat'] };
const SETTINGS = { channels: [CHAT], routes: [ROUTE] };
const ALL = { namespaces: 'all', literals: false } as const;
const HOUR = 3600;

let bench: DeskBench;

function open(settings: unknown = SETTINGS): DeskBench {
  bench = new DeskBench(settings);
  return bench;
}

afterEach(() => bench.remove());

const what = () => bench.alerts()[0]?.history.map((step) => step.what);

test('detections of one rule with equal group values are one alert while it fires', () => {
  open();
  bench.see(detection(), detection({ count: 3 }), detection({ group: { 'user.name': 'root' } }));
  bench.see(detection());
  expect(bench.alerts()).toMatchObject([
    { group: { 'user.name': 'root' }, detections: 1 },
    { group: { 'user.name': 'app' }, detections: 3, events: 5, state: 'firing', level: 'high' },
  ]);
});

test('the order of group values does not matter, their names do', () => {
  open();
  bench.see(detection({ group: { a: '1', b: '2' } }), detection({ group: { b: '2', a: '1' } }));
  bench.see(detection({ group: { a: '2', b: '1' } }));
  expect(bench.alerts().map(({ detections }) => detections)).toEqual([1, 2]);
});

test('a rule that only observes alerts nobody', () => {
  open();
  bench.see(detection({ mode: 'observe' }), detection({ mode: 'off' }));
  expect(bench.alerts()).toEqual([]);
});

test('an alert is over after its level’s quiet time, and the next detection is another alert', () => {
  open({ ...SETTINGS, quietMinutes: { high: 10 } });
  bench.see(detection());
  bench.pass(9 * 60);
  bench.see(detection());
  bench.pass(10 * 60 - 1);
  expect(bench.alerts()).toMatchObject([{ state: 'firing' }]);
  bench.pass(1);
  expect(bench.alerts()).toMatchObject([{ state: 'resolved', endedAt: bench.now, detections: 2 }]);
  bench.see(detection());
  expect(bench.alerts().map(({ state }) => state)).toEqual(['firing', 'resolved']);
});

test('a late event raises its alert now, with the time of the event', () => {
  open();
  bench.see(detection({ at: TEST_START - 5 * HOUR * 1000 }), detection({ at: TEST_START + HOUR * 1000, group: {} }));
  bench.pass(60);
  expect(bench.alerts().map(({ startedAt, state }) => [startedAt - TEST_START, state])).toEqual([
    [0, 'firing'],
    [-5 * HOUR * 1000, 'firing'],
  ]);
});

test('the summary says what, who and where, and holds no literal; nor does the group', () => {
  open();
  const secret = "DELETE FROM cards WHERE number = '4111111111111111'";
  const event = auditEvent({
    db: { operation: { name: 'DELETE' }, collection: { name: 'cards' }, query: { text: secret } },
    rest: { error: { code: '1', message: secret } },
    dbaudit: {
      actor: { type: 'human', name: 'alice', method: 'exec.window', confidence: 0.7 },
      client: { k8s: { kind: 'pod', namespace: 'shop', pod: 'orders-1' } },
    },
  });
  bench.see(detection({ events: [event], group: { 'db.query.text': secret, 'user.name': 'app' } }));
  const [alert] = bench.alerts();
  expect(alert?.summary).toBe(
    'Rule db.ddl.drop: DELETE cards by app (alice) from shop/orders-1 on 10.96.0.10:3306 in database shop',
  );
  expect(alert?.group).toEqual({ 'db.query.text': '?', 'user.name': 'app' });
  expect(JSON.stringify(alert)).not.toContain('4111');
});

test('the first message waits for others of its group, the next for the interval, and the end is told', () => {
  open({ ...SETTINGS, quietMinutes: { high: 10 } });
  bench.see(detection());
  bench.pass(29);
  expect(bench.orders()).toEqual([]);
  bench.see(detection({ group: {} }));
  bench.pass(1);
  expect(bench.deliver()).toEqual([['db.ddl.drop', 'db.ddl.drop']]);
  bench.see(detection({ group: { x: '1' } }));
  bench.pass(299, 1);
  expect(bench.orders()).toEqual([]);
  bench.pass(1);
  expect(bench.deliver()).toHaveLength(1);
  bench.pass(600, 1);
  expect(bench.deliver().flat()).toHaveLength(3);
  expect(what()).toEqual(['raised', 'notified', 'resolved', 'notified']);
});

test('alerts of other groups come in messages of their own', () => {
  open({ channels: [CHAT], routes: [{ ...ROUTE, groupBy: ['user.name'] }] });
  bench.see(detection(), detection({ rule: 'other' }), detection({ group: { 'user.name': 'root' } }));
  bench.pass(30);
  expect(bench.deliver()).toEqual([['db.ddl.drop', 'other'], ['db.ddl.drop']]);
});

test('what fires on is told again, unless somebody acknowledged it', () => {
  open({ ...SETTINGS, routes: [{ ...ROUTE, repeatIntervalSeconds: HOUR }], quietMinutes: { high: 1000 } });
  bench.see(detection(), detection({ group: {} }));
  const [first] = bench.alerts();
  bench.pass(30);
  bench.deliver();
  bench.desk.change(first?.id ?? '', { what: 'acknowledge' }, 'alice', ALL);
  bench.pass(1.5 * HOUR, 60);
  expect(bench.deliver()).toEqual([['db.ddl.drop']]);
  expect(bench.recorded()).toEqual(['alert.raised', 'alert.raised', 'alert.acknowledged']);
});

test('routes: the first that fits takes it, and `continue` goes on', () => {
  const channels = ['a', 'b', 'c'].map((name) => ({ ...CHAT, name }));
  open({
    channels,
    inhibitBy: [],
    routes: [
      { name: 'low', levels: ['low'], channels: ['a'] },
      { name: 'ddl', rules: ['db.*.drop'], namespaces: ['shop'], channels: ['b'], continue: true },
      { name: 'rest', channels: ['c'] },
    ],
  });
  bench.see(detection(), detection({ rule: 'db.ddl.dropped' }), detection({ rule: 'quiet', level: 'low' }));
  bench.pass(30);
  expect(bench.orders('a').flatMap(({ rules }) => rules)).toEqual(['quiet']);
  expect(bench.orders('b').flatMap(({ rules }) => rules)).toEqual(['db.ddl.drop']);
  expect(bench.orders('c').flatMap(({ rules }) => rules)).toEqual(['db.ddl.drop', 'db.ddl.dropped']);
});

test('an alert that no route takes says so', () => {
  open({ channels: [CHAT], routes: [{ ...ROUTE, levels: ['low'] }] });
  bench.see(detection());
  expect(bench.alerts()[0]?.history.at(-1)).toMatchObject({ what: 'not-notified', text: 'no route takes it' });
});

test('a silence holds messages back until it ends; what ends meanwhile is not told, and says why', () => {
  open({ ...SETTINGS, quietMinutes: { high: 60 } });
  const silence = {
    rules: ['db.ddl.drop'],
    group: { 'user.name': 'app' },
    until: bench.now + 1800_000,
    reason: 'migration',
  };
  bench.desk.silence(silence, 'alice');
  bench.see(detection(), detection({ group: { 'user.name': 'root' } }));
  bench.pass(1700, 10);
  expect(bench.deliver()).toHaveLength(1);
  expect(bench.alerts()[1]).toMatchObject({ silencedBy: bench.desk.silences()[0]?.id });
  bench.pass(500, 10);
  expect(bench.deliver()).toHaveLength(1);
  expect(bench.alerts()[1]?.history.map((step) => step.what)).toEqual(['raised', 'silenced', 'notified']);
  bench.desk.silence({ group: {}, until: bench.now + 10_000_000, reason: 'again' }, 'bob');
  bench.see(detection({ rule: 'late' }));
  bench.pass(3700, 10);
  expect(bench.deliver()).toEqual([]);
  expect(bench.alerts()[0]?.history.at(-1)?.text).toMatch(/^silence \w{26} by bob: again$/);
});

test('a silence that is taken back lets messages pass, and one without a future is refused', () => {
  open();
  const { id } = bench.desk.silence({ group: {}, until: bench.now + 86_400_000, reason: 'x' }, 'alice');
  bench.see(detection());
  bench.pass(60, 1);
  expect(bench.desk.unsilence(id)).toBe(true);
  expect(bench.desk.unsilence('none')).toBe(false);
  bench.pass(300, 1);
  expect(bench.deliver()).toHaveLength(1);
  expect(() => bench.desk.silence({ group: {}, until: bench.now, reason: 'x' }, 'alice')).toThrow(DeskRefusal);
});

test('an alert of a higher level keeps those of its session quiet, unless it is silenced itself', () => {
  open();
  bench.see(detection({ rule: 'worse', level: 'critical' }), detection());
  bench.pass(30);
  expect(bench.deliver()).toEqual([['worse']]);
  bench.desk.silence({ rules: ['worse'], group: {}, until: bench.now + 86_400_000, reason: 'x' }, 'alice');
  bench.pass(300, 1);
  expect(bench.deliver()).toEqual([['db.ddl.drop']]);
});

test('alerts of other clients and equal levels keep nobody quiet', () => {
  open({ ...SETTINGS, inhibitBy: ['client'] });
  const other = auditEvent({ rest: { client: { ip: '10.0.0.99', port: 1 } } });
  bench.see(
    detection({ rule: 'worse', level: 'critical', events: [other] }),
    detection(),
    detection({ rule: 'equal' }),
  );
  bench.pass(30);
  expect(bench.deliver().flat().toSorted()).toEqual(['db.ddl.drop', 'equal', 'worse']);
});

test('a calendar holds messages back, and tells the end afterwards of what was told before', () => {
  // It is Saturday, 10:00.
  const calendars = [{ name: 'noon', times: [{ weekdays: ['sat'], from: '10:05', to: '12:00' }] }];
  open({ ...SETTINGS, calendars, routes: [{ ...ROUTE, muteDuring: ['noon'] }], quietMinutes: { high: 30 } });
  bench.see(detection());
  bench.pass(30);
  expect(bench.deliver()).toEqual([['db.ddl.drop']]);
  bench.pass(600, 10);
  bench.see(detection({ rule: 'muted' }));
  bench.pass(6000, 10);
  expect(bench.deliver()).toEqual([]);
  expect(bench.alerts()[0]).toMatchObject({ state: 'resolved' });
  expect(bench.alerts()[0]?.history.at(-1)).toMatchObject({ what: 'not-notified', text: 'calendar noon' });
  bench.pass(1200, 10);
  expect(bench.deliver()).toEqual([['db.ddl.drop']]);
});

test('what nobody acknowledges goes to the next step, and to whoever is on call', () => {
  const settings = {
    channels: [CHAT, { ...CHAT, name: 'boss' }, { ...CHAT, name: 'bobs' }],
    routes: [{ ...ROUTE, escalation: 'dba' }],
    quietMinutes: { high: 1000 },
    rotas: [{ name: 'week', start: '2026-11-09', people: [{ name: 'alice' }, { name: 'bob', channels: ['bobs'] }] }],
    escalations: [
      {
        name: 'dba',
        steps: [
          { afterMinutes: 15, rota: 'week' },
          { afterMinutes: 30, channels: ['boss'] },
        ],
      },
    ],
  };
  open(settings);
  bench.see(detection());
  bench.pass(30);
  bench.pass(15 * 60 - 1, 1);
  expect(bench.orders('bobs')).toEqual([]);
  bench.pass(1);
  expect(bench.orders('bobs')).toEqual([{ kind: 'escalation', rules: ['db.ddl.drop'], people: ['bob'] }]);
  bench.restart();
  bench.pass(15 * 60, 1);
  expect(bench.orders('boss')).toHaveLength(1);
  expect(bench.alerts()[0]).toMatchObject({ escalation: 2 });
  bench.pass(3600, 10);
  expect(bench.orders('boss')).toHaveLength(1);
});

test('an acknowledged alert is not escalated', () => {
  const escalations = [{ name: 'dba', steps: [{ afterMinutes: 1, channels: ['chat'] }] }];
  open({ channels: [CHAT], routes: [{ ...ROUTE, escalation: 'dba' }], escalations });
  bench.see(detection());
  bench.pass(30);
  bench.desk.change(bench.alerts()[0]?.id ?? '', { what: 'acknowledge' }, 'alice', ALL);
  bench.pass(600, 1);
  expect(bench.orders().map(({ kind }) => kind)).toEqual(['alerts']);
});

test('a rule that raises too much in an hour gets one alert for the rest, and none is lost', () => {
  open({ ...SETTINGS, floodAbovePerHour: 5 });
  for (let user = 0; user < 4; user++) bench.see(detection({ group: { u: `${user}` } }));
  bench.see(...Array.from({ length: 50 }, (_, user) => detection({ group: { u: `later ${user}` } })));
  const alerts = bench.alerts();
  expect(alerts).toHaveLength(6);
  expect(alerts[0]).toMatchObject({ group: {}, detections: 49 });
  expect(alerts[0]?.summary).toMatch(/more than 5 alerts in an hour/);
  expect(alerts.reduce((sum, { detections }) => sum + detections, 0)).toBe(54);
  bench.pass(2 * HOUR, 60);
  bench.see(detection({ group: { u: 'new' } }));
  expect(bench.alerts(['firing'])).toMatchObject([{ group: { u: 'new' } }]);
});

test('people acknowledge, assign, comment and resolve; what is over can be commented on alone', () => {
  open();
  bench.see(detection());
  const id = bench.alerts()[0]?.id ?? '';
  const change = (request: Parameters<typeof bench.desk.change>[1]) => bench.desk.change(id, request, 'alice', ALL);
  change({ what: 'acknowledge', text: 'looking' });
  change({ what: 'acknowledge' });
  change({ what: 'assign', assignee: 'bob' });
  change({ what: 'comment', text: 'a planned migration' });
  change({ what: 'comment' });
  expect(change({ what: 'resolve', text: 'done' })).toMatchObject({ state: 'resolved', assignee: 'bob' });
  change({ what: 'acknowledge' });
  change({ what: 'comment', text: 'filed' });
  expect(what()).toEqual(['raised', 'acknowledged', 'assigned', 'commented', 'resolved', 'commented']);
  expect(bench.recorded()).toEqual(['alert.raised', 'alert.acknowledged', 'alert.resolved']);
  expect(bench.desk.change('none', { what: 'resolve' }, 'alice', ALL)).toBeUndefined();
});

test('a comment on what is over does not touch the alert that fires in its place', () => {
  open();
  bench.see(detection());
  const id = bench.alerts()[0]?.id ?? '';
  bench.desk.change(id, { what: 'resolve' }, 'alice', ALL);
  bench.see(detection());
  bench.desk.change(id, { what: 'comment', text: 'filed' }, 'alice', ALL);
  bench.see(detection());
  expect(bench.alerts()).toMatchObject([
    { state: 'firing', detections: 2 },
    { state: 'resolved', detections: 1 },
  ]);
});

test('what was silenced after it was told is not told again', () => {
  open({ ...SETTINGS, routes: [{ ...ROUTE, repeatIntervalSeconds: 600 }] });
  bench.see(detection());
  bench.pass(30);
  bench.deliver();
  bench.desk.silence({ group: {}, until: bench.now + 1_500_000, reason: 'known' }, 'alice');
  bench.pass(1_400, 10);
  expect(bench.deliver()).toEqual([]);
  bench.pass(600, 10);
  expect(bench.deliver()).toEqual([['db.ddl.drop']]);
});

test('its events are audit events, with who did it', () => {
  open();
  bench.see(detection());
  bench.desk.change(bench.alerts()[0]?.id ?? '', { what: 'resolve' }, 'alice', ALL);
  const events = bench.database.unrecorded(10).map(({ event }) => auditEventSchema.parse(JSON.parse(event)));
  expect(events).toMatchObject([
    {
      event: { kind: 'alert', action: 'alert.raised', sequence: 0 },
      rule: { id: 'db.ddl.drop' },
      kubernetes: { namespace: 'shop' },
      dbaudit: { alert: { level: 'high' }, capture: { mode: 'collector' } },
    },
    { event: { action: 'alert.resolved', sequence: 1 }, dbaudit: { actor: { name: 'alice' } } },
  ]);
});

test('a reader sees alerts whose namespaces are all within the scope', () => {
  open();
  const inNamespace = (namespace: string) => auditEvent({ rest: { kubernetes: { namespace } } });
  const { kubernetes: _none, ...ofNone } = auditEvent();
  bench.see(detection({ rule: 'shop', events: [inNamespace('shop')] }));
  bench.see(detection({ rule: 'both', events: [inNamespace('shop'), inNamespace('bank')] }));
  bench.see(
    detection({ rule: 'none', events: [ofNone] }),
    detection({ rule: 'mixed', events: [ofNone, inNamespace('shop')] }),
  );
  const seen = (namespaces: string[]) => {
    const scope = { namespaces, literals: true };
    const { alerts, total } = bench.desk.list({ states: ['firing'], limit: 10 }, scope);
    expect(total).toBe(alerts.length);
    return alerts.map(({ rule }) => rule.id);
  };
  expect(seen(['shop'])).toEqual(['shop']);
  expect(seen(['bank', 'shop'])).toEqual(['both', 'shop']);
  expect(seen([])).toEqual([]);
  expect(seen(['-'])).toEqual([]);
  const both = bench.alerts().find(({ rule }) => rule.id === 'both')?.id ?? '';
  const scope = { namespaces: ['shop'], literals: true };
  expect(bench.desk.change(both, { what: 'acknowledge' }, 'mallory', scope)).toBeUndefined();
});

test('a list is narrowed by state, level, rule and time, and counts what it leaves out', () => {
  open({ ...SETTINGS, quietMinutes: { high: 10 } });
  bench.see(detection(), detection({ group: {} }), detection({ rule: 'low', level: 'low' }));
  bench.pass(601);
  bench.see(detection({ at: bench.now }));
  const list = (request: object) =>
    bench.desk.list({ states: ['firing', 'acknowledged', 'resolved'], limit: 1000, ...request }, ALL);
  expect(list({ limit: 1 })).toMatchObject({ total: 4, alerts: [{ startedAt: bench.now }] });
  expect(list({ levels: ['low'] }).total).toBe(1);
  expect(list({ rule: 'db.ddl.drop', states: ['resolved'] }).total).toBe(2);
  expect(list({ range: { from: bench.now, to: bench.now + 1 } }).total).toBe(4);
  expect(list({ range: { from: bench.now + 1, to: bench.now + 2 }, rule: 'db.ddl.drop' }).total).toBe(1);
});

test('all of it survives a restart', () => {
  open();
  bench.see(detection());
  bench.desk.silence({ rules: ['x'], group: {}, until: bench.now + 1000, reason: 'y' }, 'alice');
  const before = [bench.alerts(), bench.desk.silences()];
  bench.restart();
  expect([bench.alerts(), bench.desk.silences()]).toEqual(before);
  bench.see(detection());
  expect(bench.alerts()).toHaveLength(1);
  bench.pass(30);
  bench.restart();
  bench.pass(600, 10);
  expect(bench.deliver()).toEqual([['db.ddl.drop']]);
});

test('with other routes after a restart, alerts that nobody was told of find the new ones', () => {
  open();
  bench.see(detection());
  bench.restart({ channels: [{ ...CHAT, name: 'new' }], routes: [{ name: 'other', channels: ['new'] }] });
  bench.pass(30);
  expect(bench.orders('new')).toHaveLength(1);
  expect(bench.orders('chat')).toEqual([]);
});

test('a step that cannot be written leaves no trace', () => {
  open();
  bench.see(detection());
  const { commit } = bench.database;
  bench.database.commit = () => {
    throw new Error('disk full');
  };
  expect(() => bench.see(detection(), detection({ group: {} }))).toThrow('disk full');
  bench.database.commit = commit;
  expect(bench.alerts()).toMatchObject([{ detections: 1 }]);
  bench.see(detection(), detection({ group: {} }));
  expect(bench.alerts()).toMatchObject([{ detections: 1 }, { detections: 2 }]);
});

test('old alerts are forgotten by age and by number; open ones never', () => {
  open({ ...SETTINGS, retentionDays: 1, maxAlerts: 100, floodAbovePerHour: 1000, quietMinutes: { critical: 10_000 } });
  bench.see(detection({ rule: 'stays', level: 'critical' }));
  bench.see(...Array.from({ length: 150 }, (_, user) => detection({ group: { u: `${user}` } })));
  bench.pass(2 * HOUR, 1800);
  bench.pass(HOUR);
  expect(bench.alerts(['resolved'])).toHaveLength(100);
  bench.pass(26 * HOUR, HOUR);
  expect(bench.alerts()).toMatchObject([{ rule: { id: 'stays' } }]);
});
