import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pino from 'pino';
import type { Scope } from '../../../../collector/access/scope.ts';
import type { Cell, ReportDocument } from '../../../../collector/reports/document.ts';
import { KeptReports } from '../../../../collector/reports/kept-reports.ts';
import { REPORT_KINDS } from '../../../../collector/reports/kinds/index.ts';
import { type OpenReportRoom, openReportRoom } from '../../../../collector/reports/report-room.ts';
import { reportsSchema } from '../../../../collector/reports/settings.ts';
import { ruleLists, ruleListsSchema } from '../../../../collector/rules/lists.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { emptyServices } from '../../../support/collector/empty-services.ts';
import { OpenStore } from '../../../support/collector/open-store.ts';
import { HOSTILE_ACCOUNT, HOSTILE_TABLE, REPORT_DAY, reportEvents } from '../../../support/collector/report-events.ts';

const DAY_MILLIS = 86_400_000;
const RANGE = { from: REPORT_DAY, to: REPORT_DAY + DAY_MILLIS };
const EVERYTHING: Scope = { namespaces: 'all', literals: true };
const SHOP: Scope = { namespaces: ['shop'], literals: false };
const NOW = RANGE.to + 3_600_000;
const STATEMENT_ACTIONS = ['db.query', 'db.execute', 'db.command', 'db.copy'];

const kept = new OpenStore();
let directory: string;
let room: OpenReportRoom;
let events: readonly AuditEvent[];

beforeAll(async () => {
  kept.now = NOW;
  const store = await kept.open();
  events = reportEvents();
  await store.append(events, 'agent/shop/mysql-0/1');
  directory = `${kept.directory.path}/reports`;
  room = openReportRoom({
    ...emptyServices(),
    directory,
    store,
    settings: reportsSchema.parse(undefined),
    lists: ruleLists(ruleListsSchema.parse({ lists: { sensitive_tables: ['CUSTOMERS'] } })),
    retentionDays: 180,
    log: pino({ level: 'silent' }),
    now: () => NOW,
  });
});

afterAll(async () => {
  await room.close();
  await kept.remove();
});

/** As it is on disk. */
async function report(kind: string, scope = EVERYTHING): Promise<ReportDocument> {
  const { id } = await room.make({ kind, range: RANGE, language: 'en' }, 'amy', scope);
  const log = pino({ level: 'silent' });
  const reports = new KeptReports({ directory, keepDays: 400, maxReports: 500, now: () => NOW, log });
  const document = await reports.read(id);
  if (document === undefined) throw new Error(`report ${id} is not kept`);
  return document;
}

function figure({ sections }: ReportDocument, label: string): Cell | undefined {
  const figures = sections.flatMap(({ blocks }) =>
    blocks.flatMap((one) => (one.kind === 'figures' ? one.figures : [])),
  );
  return figures.find((one) => one.label === label)?.value;
}

function rows({ sections }: ReportDocument, title: string): readonly (readonly Cell[])[] {
  const tables = sections.flatMap(({ blocks }) => blocks.flatMap((one) => (one.kind === 'table' ? [one] : [])));
  return tables.find((one) => one.title === title)?.rows ?? [];
}

/** Counted from the events themselves, by nothing of the store's. */
function ofDay(passes: (event: AuditEvent) => boolean, from = RANGE.from, to = RANGE.to): readonly AuditEvent[] {
  return events.filter((event) => {
    const at = Date.parse(event['@timestamp']);
    return at >= from && at < to && passes(event);
  });
}

const isStatement = ({ event }: AuditEvent) => STATEMENT_ACTIONS.includes(event.action);
const isFailed = ({ event }: AuditEvent) => event.outcome === 'failure';
const sum = (list: readonly AuditEvent[], value: (event: AuditEvent) => number | undefined) =>
  list.reduce((all, event) => all + (value(event) ?? 0), 0);
const returned = (event: AuditEvent) => event.db?.response?.returned_rows;
const hasClass =
  (...classes: string[]) =>
  (event: AuditEvent) =>
    isStatement(event) && classes.includes(event.dbaudit.statement?.class ?? '');
const touches = (table: string) => (event: AuditEvent) =>
  isStatement(event) && (event.dbaudit.statement?.tables ?? []).includes(table);
const by = (account: string) => (event: AuditEvent) => event.user?.name === account;

test('operations', async () => {
  const made = await report('operations');
  const statements = ofDay(isStatement);
  expect(statements.length).toBe(400);
  expect(figure(made, 'Statements')).toBe(statements.length);
  expect(figure(made, 'Failed')).toBe(statements.filter(isFailed).length);
  expect(figure(made, 'Rows read')).toBe(sum(statements, returned));
  expect(figure(made, 'Rows changed')).toBe(sum(statements, ({ dbaudit }) => dbaudit.result?.affected_rows));
  expect(figure(made, 'Slower than 1 s')).toBe(statements.filter(({ event }) => (event.duration ?? 0) > 1e9).length);
  const [summary] = made.sections;
  const figures = summary?.blocks.flatMap((one) => (one.kind === 'figures' ? one.figures : [])) ?? [];
  expect(figures[0]?.before).toBe(ofDay(isStatement, RANGE.from - DAY_MILLIS, RANGE.from).length);
  const chart = summary?.blocks.find((one) => one.kind === 'chart');
  const drawn = chart?.kind === 'chart' ? chart.lines.flatMap(({ values }) => values) : [];
  expect(drawn.reduce((all, count) => all + count, 0)).toBe(statements.length);
  expect(rows(made, 'Tables most used').find(([name]) => name === 'orders')?.[1]).toBe(ofDay(touches('orders')).length);
  expect(rows(made, 'Accounts').map(([name]) => name)).toContain(HOSTILE_ACCOUNT);
});

test('security', async () => {
  const made = await report('security');
  expect(figure(made, 'Failed logins')).toBe(ofDay(({ event }) => event.action === 'db.session.auth_failed').length);
  expect(figure(made, 'Failed statements')).toBe(ofDay((event) => isStatement(event) && isFailed(event)).length);
  const dropped = ofDay((event) => event.db?.operation?.name === 'DROP TABLE');
  expect(figure(made, 'Tables or data removed')).toBe(dropped.filter((event) => !isFailed(event)).length);
  expect(rows(made, 'DROP, TRUNCATE and FLUSH, failed ones too').length).toBe(dropped.length);
  expect(figure(made, 'Refused by the collector')).toBe(1);
  expect(figure(made, 'Client addresses outside the cluster')).toBe(1);
});

test('performance', async () => {
  const made = await report('performance');
  const statements = ofDay(isStatement);
  const classes = rows(made, 'How long statements took');
  expect(classes.reduce((all, [, count]) => all + Number(count), 0)).toBe(statements.length);
  const [bound, count] = classes[4] ?? [];
  expect(bound).toBe('1 s – 10 s');
  expect(count).toBe(
    statements.filter(({ event }) => (event.duration ?? 0) >= 1e9 && (event.duration ?? 0) < 1e10).length,
  );
  expect(figure(made, 'Time in all')).toBe(sum(statements, ({ event }) => event.duration));
});

test('privileged, changes', async () => {
  const roots = ofDay((event) => isStatement(event) && by('root')(event));
  const made = await report('privileged');
  expect(figure(made, 'Statements')).toBe(roots.length);
  expect(figure(made, 'Failed logins')).toBe(ofDay((event) => event.event.action === 'db.session.auth_failed').length);
  const changes = await report('changes');
  expect(rows(changes, 'Statements, newest first').length).toBe(ofDay(hasClass('DDL')).length);
  expect(figure(changes, 'Changes of rights')).toBe(ofDay(hasClass('ROLE')).filter((event) => !isFailed(event)).length);
});

test('logins', async () => {
  const made = await report('logins');
  const starts = ofDay(({ event }) => event.action === 'db.session.start');
  expect(figure(made, 'Logins')).toBe(starts.length);
  expect(figure(made, 'Logins without TLS')).toBe(starts.length);
  expect(rows(made, 'Accounts and clients')[0]?.slice(0, 3)).toEqual(['root', '10.244.0.7', '1045']);
});

test('sensitive, by a list in other case', async () => {
  const made = await report('sensitive');
  const touched = ofDay(touches('customers'));
  expect(figure(made, 'Statements')).toBe(touched.length);
  expect(figure(made, 'Rows read')).toBe(sum(touched, returned));
  const [most] = rows(made, 'Accounts and clients');
  expect(most?.slice(0, 3)).toEqual(['report', '203.0.113.9', sum(touched.filter(by('report')), returned)]);
});

test('bulk', async () => {
  const made = await report('bulk');
  const many = ofDay((event) => (returned(event) ?? 0) >= 10_000 || (event.dbaudit.result?.bytes ?? 0) >= 1e7);
  expect(many.length).toBeGreaterThan(0);
  expect(figure(made, 'Statements that gave 10,000 rows or 10 MB and more')).toBe(many.length);
  expect(figure(made, 'Statements that changed 1,000 rows and more')).toBe(
    ofDay((event) => (event.dbaudit.result?.affected_rows ?? 0) >= 1_000).length,
  );
});

test('failures', async () => {
  const made = await report('failures');
  const [all, bad] = [ofDay(isStatement).length, ofDay((event) => isStatement(event) && isFailed(event)).length];
  expect(figure(made, 'Failed share')).toBe(bad / all);
  expect(figure(made, 'Succeeded')).toBe(all - bad);
});

test('matrix', async () => {
  const made = await report('matrix');
  const row = rows(made, 'Workloads and databases, statements by class').find(([name]) => name === 'shop/orders');
  const orders = ofDay((event) => isStatement(event) && event.dbaudit.client?.k8s.owner?.name === 'orders');
  const of = (name: string) => orders.filter((event) => event.dbaudit.statement?.class === name).length;
  expect(row?.slice(1, 8)).toEqual(['mysql', 'shop', of('READ'), of('WRITE'), 0, 0, 0]);
});

test('novelty: what came and what went', async () => {
  const made = await report('novelty');
  const accounts = made.sections.find(({ title }) => title === 'Accounts');
  const [fresh, gone] =
    accounts?.blocks.flatMap((one) => (one.kind === 'table' ? [one.rows.map(([name]) => name)] : [])) ?? [];
  const names = (from: number, to: number) => new Set(ofDay(isStatement, from, to).map(({ user }) => user?.name));
  const [before, now] = [names(0, RANGE.from), names(RANGE.from, RANGE.to)];
  expect(new Set(fresh)).toEqual(new Set([...now].filter((name) => !before.has(name))));
  expect(new Set(gone)).toEqual(new Set([...before].filter((name) => !now.has(name))));
  expect(gone).toContain('gone');
});

test('statements: rows by fingerprint', async () => {
  const made = await report('statements');
  const [most] = rows(made, 'By rows read');
  const named = ofDay((event) => event.dbaudit.statement?.template === String(most?.[1]));
  expect(most?.slice(0, 2)).toEqual([named[0]?.dbaudit.statement?.fingerprint, 'SELECT * FROM customers']);
  expect(most?.slice(2)).toEqual([
    named.length,
    sum(named, ({ event }) => event.duration),
    sum(named, ({ event }) => event.duration) / named.length,
    sum(named, returned),
    named.filter(isFailed).length,
  ]);
});

test('kubernetes', async () => {
  const made = await report('kubernetes');
  const labels = [
    'Shells, attachments and debug containers',
    'In pods of databases',
    'Forwarded ports',
    'Secrets read',
  ];
  expect(labels.map((label) => figure(made, label))).toEqual([1, 1, 1, 2]);
  expect(figure(made, 'Credentials of databases among them')).toBe(1);
  const [row] = rows(made, 'What, who, where');
  expect(row?.slice(1, 4)).toEqual(['alice', 'shop', 'mysql-0']);
});

test('coverage: what is missing is added up by reason', async () => {
  const made = await report('coverage');
  const gaps = ofDay(({ event }) => event.action === 'db.gap');
  const packets = sum(gaps, ({ dbaudit }) => dbaudit.capture.gap_packets);
  expect(packets).toBe(60);
  expect(rows(made, 'Gaps by reason')).toEqual([
    ['kernel-drops: packets came faster than they were read', gaps.length, 0, packets, 0, 0],
  ]);
  const sessions = new Set(ofDay(({ db }) => db !== undefined).map(({ dbaudit }) => dbaudit.session?.id)).size;
  expect(figure(made, 'Sessions')).toBe(sessions);
  expect(figure(made, 'Sessions that could be read')).toBe((sessions - 3) / sessions);
  expect(rows(made, 'Starts, stops, changes, overload').map((row) => [row[0], row[3]])).toEqual([
    ['dbaudit.agent.start', 2],
    ['dbaudit.agent.stop', 1],
  ]);
});

test('alerts, integrity, compliance, day: every clause has its words and its evidence', async () => {
  expect(figure(await report('alerts'), 'Raised')).toBe(0);
  expect(figure(await report('integrity'), 'Events kept')).toBe(events.length);
  const made = await report('compliance');
  const clauses = made.sections
    .slice(1)
    .flatMap(({ blocks }) => blocks.flatMap((one) => (one.kind === 'table' ? one.rows : [])));
  expect(clauses.length).toBe(28);
  const text = JSON.stringify(clauses);
  expect(text).toContain(`${ofDay(touches('customers')).length} statements on sensitive tables`);
  expect(text).toContain('3 reads of the record, each on record');
  expect(text).toContain('kept for 180 days');
  expect(figure(await report('day'), 'Statements')).toBe(400);
});

test('a scope sees its namespaces alone, and nobody with less sees the report', async () => {
  const made = await report('operations', SHOP);
  const visible = (event: AuditEvent) => isStatement(event) && event.kubernetes?.namespace === 'shop';
  expect(figure(made, 'Statements')).toBe(ofDay(visible).length);
  expect(rows(made, 'Accounts').map(([name]) => name)).not.toContain('invoices');
  const all = await report('operations');
  const ids = (scope: Scope) => room.list(scope).reports.map(({ id }) => id);
  expect(ids(EVERYTHING)).toEqual(expect.arrayContaining([made.id, all.id]));
  expect(ids(SHOP)).toContain(made.id);
  expect(ids(SHOP)).not.toContain(all.id);
  expect(await room.read(all.id, 'csv', SHOP)).toBeUndefined();
  expect(await room.read(made.id, 'csv', { namespaces: ['billing'], literals: true })).toBeUndefined();
  expect((await room.read(made.id, 'csv', SHOP))?.length).toBeGreaterThan(0);
  expect(figure(await report('operations', { namespaces: [], literals: true }), 'Statements')).toBe(0);
});

test('no literal is in any report, though who asked may see them; names do no harm, in any form', async () => {
  await room.make({ kind: 'operations', range: RANGE, language: 'zh' }, 'amy', EVERYTHING);
  const made = room.list(EVERYTHING).reports;
  expect(new Set(made.map(({ kind }) => kind))).toEqual(new Set(REPORT_KINDS.map(({ kind }) => kind)));
  for (const { id } of made) {
    const [html, csv] = [
      String(await room.read(id, 'html', EVERYTHING)),
      String(await room.read(id, 'csv', EVERYTHING)),
    ];
    expect(html).not.toMatch(/<script|<[^>]*\son\w+=|javascript:/i);
    expect(csv).not.toMatch(/(^|,)"?[=+@]/m);
    for (const text of [html, csv]) expect(text).not.toMatch(/secret-|undefined|NaN|\[object/);
  }
  const { id } = await room.make({ kind: 'operations', range: RANGE, language: 'en' }, 'amy', EVERYTHING);
  const csv = String(await room.read(id, 'csv', EVERYTHING));
  expect(csv).toContain(`"'${HOSTILE_TABLE.replaceAll('"', '""')}"`);
  const pdf = await room.read(id, 'pdf', EVERYTHING);
  expect(pdf?.subarray(0, 5).toString()).toBe('%PDF-');
});

test('an unknown kind is said to be one', async () => {
  await expect(room.make({ kind: 'x', range: RANGE, language: 'en' }, 'amy', EVERYTHING)).rejects.toThrow(
    'there is no report x',
  );
});
