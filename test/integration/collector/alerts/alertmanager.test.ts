import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { raise } from '../../../../collector/alerts/alert-record.ts';
import { detection } from '../../../support/alerts/detections.ts';
import { channelOf, notification, problemOf } from '../../../support/alerts/notifications.ts';
import { Alertmanager } from '../../../support/servers/alertmanager.ts';

const SIGNAL = AbortSignal.timeout(60_000);
const HOUR_MILLIS = 3_600_000;

const alertsSchema = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    startsAt: z.string(),
    endsAt: z.string(),
    generatorURL: z.string().optional(),
  }),
);

let alertmanager: Alertmanager;

beforeAll(async () => {
  alertmanager = await Alertmanager.start();
});

afterAll(() => alertmanager.stop());

async function known(filter: string) {
  const answer = await fetch(`${alertmanager.url}/api/v2/alerts?filter=${encodeURIComponent(filter)}`);
  return alertsSchema.parse(await answer.json());
}

function channel(settings: object = {}) {
  const context = { cluster: 'prod', pageUrl: 'https://audit.example' };
  return channelOf({ type: 'alertmanager', url: alertmanager.url, ...settings }, context);
}

test('an alert is there under the usual labels, and is gone when it is over', async () => {
  const now = Date.now();
  const alert = raise(detection(), '01JD0000000000000000000001', now);
  await channel().send(notification(0, { alerts: [alert] }), SIGNAL);
  const [posted] = await known('rule_id="db.ddl.drop"');
  expect(posted).toMatchObject({
    labels: {
      alertname: 'Rule db.ddl.drop',
      severity: 'high',
      cluster: 'prod',
      namespace: 'shop',
      instance: '10.96.0.10:3306',
      db_user: 'app',
      fingerprint: '3782519c6e1d5d9d',
    },
    annotations: { summary: expect.stringContaining('by app from 10.244.0.7') },
    generatorURL: 'https://audit.example/#/alerts/01JD0000000000000000000001',
  });
  expect(Date.parse(posted?.startsAt ?? '')).toBe(now);
  expect(Date.parse(posted?.endsAt ?? '')).toBeGreaterThan(now + 23 * HOUR_MILLIS);
  const over = { ...alert, state: 'resolved' as const, endedAt: now + 1, detections: 7 };
  await channel().send(notification(0, { alerts: [over] }), SIGNAL);
  expect(await known('rule_id="db.ddl.drop"')).toEqual([]);
});

test('five hundred alerts arrive, each as its own', async () => {
  await channel().send(notification(500), SIGNAL);
  expect(await known('alert_id=~"01JDALERT.*"')).toHaveLength(500);
});

test('a test message is an alert of its own', async () => {
  await channel().send(notification(0, { kind: 'test' }), SIGNAL);
  expect(await known('alertname="dbaudit test"')).toHaveLength(1);
});

test('a wrong address is a mistake to mend', async () => {
  const problem = await problemOf(channel({ url: `${alertmanager.url}/elsewhere` }).send(notification(1), SIGNAL));
  expect(problem).toMatchObject({ name: 'WrongConfiguration', code: 'DBA4003' });
});
