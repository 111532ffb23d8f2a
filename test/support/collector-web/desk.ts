import type { Router } from 'express';
import type * as z from 'zod';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import {
  type AlertAnswer,
  alertChangeSchema,
  type alertsRequestSchema,
  type RuleAnswer,
  reportRequestSchema,
  type reportSchema,
  ruleChangeSchema,
  ruleSourceSchema,
  ruleTestRequestSchema,
  silenceRequestSchema,
  type silenceSchema,
  verifyRequestSchema,
} from '../../../contract/collector-api.ts';
import { exampleAlerts, exampleRule, exampleRules, exampleStatus } from './examples.ts';

const WHO = 'alice@example.com';
const DAY = 86_400_000;

/** Alerts, silences, rules, reports, integrity and status: kept in memory, changed as the API says. */
export function deskRoutes(
  api: Router,
  events: readonly AuditEvent[],
  now: number,
  listSchema: typeof alertsRequestSchema,
): void {
  let alerts = exampleAlerts(events, now);
  let rules = exampleRules();
  let silences: z.infer<typeof silenceSchema>[] = [];
  const reports: z.infer<typeof reportSchema>[] = [];

  api.post('/alerts', (request, response) => {
    const { states, levels, limit } = listSchema.parse(request.body);
    const found = alerts.filter(({ state, level }) => states.includes(state) && levels?.includes(level) !== false);
    response.json({ alerts: found.slice(0, limit), total: found.length });
  });
  api.post('/alerts/:id/change', (request, response) => {
    const { what, text, assignee } = alertChangeSchema.parse(request.body);
    alerts = alerts.map(
      (alert): AlertAnswer =>
        alert.id === request.params.id
          ? {
              ...alert,
              ...(assignee === undefined ? {} : { assignee }),
              state: what === 'acknowledge' ? 'acknowledged' : what === 'resolve' ? 'resolved' : alert.state,
              history: [...alert.history, { at: now, what, who: WHO, ...(text === undefined ? {} : { text }) }],
            }
          : alert,
    );
    response.json(alerts.find(({ id }) => id === request.params.id));
  });
  api.get('/silences', (_request, response) => void response.json({ silences }));
  api.post('/silences', (request, response) => {
    const silence = { ...silenceRequestSchema.parse(request.body), id: `s${silences.length + 1}`, from: now, by: WHO };
    silences.push(silence);
    response.json(silence);
  });
  api.delete('/silences/:id', (request, response) => {
    silences = silences.filter(({ id }) => id !== request.params.id);
    response.status(204).end();
  });
  api.get('/rules', (_request, response) => void response.json({ rules }));
  api.post('/rules', (request, response) => {
    const { source } = ruleSourceSchema.parse(request.body);
    const id = /^id: (.+)$/m.exec(source)?.[1];
    if (id === undefined || source.includes('oops')) {
      const line = source.split('\n').findIndex((text) => text.includes('oops')) + 1;
      response.status(400).json({
        code: 'DBA5008',
        message: `line ${line}, column 3: "oops" is no part of a detection`,
        help: 'A detection has selections and a condition.',
      });
      return;
    }
    const rule: RuleAnswer = {
      ...exampleRule(id, 'Somebody reads payments by hand', 'medium', 'on', 0),
      ruleset: 'custom',
      source,
    };
    rules = [...rules.filter((known) => known.id !== id), rule];
    response.json(rule);
  });
  api.post('/rules/test', (request, response) => {
    const { id } = ruleTestRequestSchema.parse(request.body);
    const found = events.filter(({ db }) => db?.query?.text?.startsWith('DELETE') === true);
    const detections = found.map((event) => ({
      at: event['@timestamp'],
      group: { 'user.name': 'root' },
      count: 1,
      events: [event],
    }));
    response.json(
      id === 'db.ddl.drop'
        ? { detections: [], total: 0, matched: 0 }
        : { detections, total: detections.length, matched: detections.length },
    );
  });
  api.post('/rules/:id/change', (request, response) => {
    const { mode } = ruleChangeSchema.parse(request.body);
    rules = rules.map((rule) => (rule.id === request.params.id ? { ...rule, mode } : rule));
    response.json(rules.find(({ id }) => id === request.params.id));
  });
  api.delete('/rules/:id', (request, response) => {
    rules = rules.filter(({ id }) => id !== request.params.id);
    response.status(204).end();
  });
  api.get('/reports', (_request, response) => {
    response.json({
      kinds: [
        { kind: 'operations', title: 'Operations', description: 'How much was done, by whom and how well.' },
        { kind: 'coverage', title: 'Coverage and loss', description: 'What was seen, and what was not.' },
      ],
      reports,
    });
  });
  api.post('/reports', (request, response) => {
    const { kind, range, language } = reportRequestSchema.parse(request.body);
    const report = {
      id: `r${reports.length + 1}`,
      kind,
      title: kind === 'operations' ? 'Operations' : 'Coverage and loss',
      range,
      language,
      madeAt: now,
      by: WHO,
    };
    reports.unshift(report);
    response.json(report);
  });
  api.get(
    '/reports/:file',
    (_request, response) => void response.type('text/html').send('<!doctype html><title>report</title>'),
  );
  api.post('/verify', (request, response) => {
    const { range } = verifyRequestSchema.parse(request.body);
    const finding = {
      chain: 'agent shop/pg-0',
      kind: 'removed' as const,
      position: 1204,
      at: now - DAY / 2,
      message: 'the event at position 1204 follows one that is not there',
    };
    response.json({
      intact: range !== undefined,
      chains: 3,
      events: 4010,
      checkpoints: 12,
      findings: range === undefined ? [finding] : [],
    });
  });
  api.get('/status', (_request, response) => void response.json(exampleStatus(events.length, now)));
}
