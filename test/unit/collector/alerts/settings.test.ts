import { expect, test } from '@jest/globals';
import { alertsSchema } from '../../../../collector/alerts/settings.ts';

const problems = (settings: unknown) =>
  alertsSchema.safeParse(settings).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

test('without settings alerts are kept and nobody is told', () => {
  expect(alertsSchema.parse(undefined)).toMatchObject({ channels: [], routes: [], floodAbovePerHour: 30 });
});

test('names that are used must be there, and be there once', () => {
  const channel = { type: 'slack', urlFile: '/secrets/slack' };
  expect(
    problems({
      channels: [channel, channel],
      routes: [{ name: 'all', channels: ['slack', 'pager'], muteDuring: ['night'], escalation: 'dba' }],
      rotas: [{ name: 'week', start: '2026-11-23', people: [{ name: 'a', channels: ['phone'] }] }],
      escalations: [{ name: 'x', steps: [{ afterMinutes: 5, rota: 'month' }] }],
    }),
  ).toEqual([
    'channels.1.name: there is another one called slack',
    'routes.0.channels.1: there is no pager in channels',
    'routes.0.muteDuring.0: there is no night in calendars',
    'routes.0.escalation: there is no dba in escalations',
    'rotas.0.people.0.channels.0: there is no phone in channels',
    'escalations.0.steps.0.rota: there is no month in rotas',
  ]);
});

test('a hook’s address, a token and a password cannot be written into the configuration', () => {
  const token = 'https://oapi.dingtalk.com/robot/send?access_token=0123456789';
  expect(problems({ channels: [{ type: 'dingtalk', url: token }] })).not.toEqual([]);
  expect(problems({ channels: [{ type: 'slack', url: token }] })).not.toEqual([]);
  expect(
    problems({ channels: [{ type: 'mail', host: 'x', from: 'a@b.c', to: ['d@e.f'], password: 'x' }] }),
  ).not.toEqual([]);
  expect(problems({ channels: [{ type: 'webhook', url: token }] }).join()).toMatch(/access_token looks like a secret/);
  expect(problems({ channels: [{ type: 'webhook', url: 'https://a/', headers: { 'x-api-key': '1' } }] })).not.toEqual(
    [],
  );
  expect(problems({ channels: [{ type: 'alertmanager', url: 'https://me:pw@host/' }] })).not.toEqual([]);
});

test('a password is sent over TLS alone', () => {
  const mail = {
    type: 'mail',
    host: 'x',
    from: 'a@b.cd',
    to: ['d@e.fg'],
    username: 'me',
    passwordFile: '/p',
    security: 'none',
  };
  expect(problems({ channels: [mail] })).toEqual([
    'channels.0.security: a password is sent over TLS alone: use starttls or tls',
  ]);
});

test('nobody can set a rate above the service’s', () => {
  expect(problems({ channels: [{ type: 'dingtalk', urlFile: '/u', perMinute: 21 }] })).not.toEqual([]);
});

test('the steps of an escalation come one after the other', () => {
  const steps = [{ afterMinutes: 10 }, { afterMinutes: 10 }];
  expect(problems({ escalations: [{ name: 'x', steps }] })).toEqual([
    'escalations.0.steps: each step comes later than the one before it',
  ]);
});
