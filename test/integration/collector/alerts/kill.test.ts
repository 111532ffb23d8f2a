import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { openAlertDesk } from '../../../../collector/alerts/alert-desk.ts';
import { alertsSchema } from '../../../../collector/alerts/settings.ts';
import { endWithUs, temporaryDirectory } from '../../../support/leftovers.ts';
import { Random } from '../../../support/mutation/random.ts';
import { SEED } from '../../../support/seed.ts';
import { freePort } from '../../../support/servers/free-port.ts';

const PROGRAM = join(import.meta.dirname, '../../../support/alerts/desk-main.ts');
const KILLS = process.env.DBAUDIT_COLLECTOR_SCALE === 'full' ? 100 : 10;
const LONGEST_MILLIS = 400;
const ALL = { namespaces: 'all', literals: false } as const;

const bodySchema = z.object({
  id: z.string(),
  alerts: z.array(z.object({ id: z.string(), group: z.record(z.string(), z.string()) })),
});

test(`after ${KILLS} kills no alert is lost, none is invented, and each was told of`, async () => {
  const directory = temporaryDirectory('desk-kill');
  const port = await freePort();
  /** Ids of the messages that told of an alert, by alert. */
  const told = new Map<string, Set<string>>();
  let messages = 0;
  const receiver = createServer(async (request, response) => {
    const { id, alerts } = bodySchema.parse(await json(request));
    messages += 1;
    for (const alert of alerts) told.set(alert.id, (told.get(alert.id) ?? new Set()).add(id));
    response.end();
  });
  receiver.listen(port, '127.0.0.1');
  await once(receiver, 'listening');
  const random = new Random(SEED);
  /** What the desk had on disk when it was killed, by its own word. */
  const seen = new Map<string, number>();
  const resolved = new Set<string>();
  let next = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(
      process.execPath,
      ['--no-warnings', PROGRAM, directory.path, `http://127.0.0.1:${port}/`, String(next)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    endWithUs(child);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await once(child.stdout, 'data');
    await wait(random.below(LONGEST_MILLIS));
    child.kill('SIGKILL');
    await once(child, 'close');
    for (const line of output.split('\n').slice(0, -1)) {
      const [what = '', value = ''] = line.split(' ');
      if (what === 'resolved') resolved.add(value);
      else seen.set(value, (seen.get(value) ?? 0) + 1);
    }
    next = 10 * (Math.max(...[...seen.keys()].map(Number)) + 1);
  }

  /** Of what was on disk and had not been handed on. */
  const late: string[] = [];
  const desk = openAlertDesk({
    file: join(directory.path, 'alerts.db'),
    settings: alertsSchema.parse({
      inhibitBy: [],
      channels: [{ type: 'webhook', name: 'receiver', url: `http://127.0.0.1:${port}/`, perMinute: 6000 }],
      routes: [{ name: 'all', channels: ['receiver'], groupBy: ['u'], groupWaitSeconds: 0, groupIntervalSeconds: 1 }],
    }),
    record: async (events) => {
      for (const { event } of events) late.push(event.id);
    },
    nextSequence: () => 0,
    onNotice: (notice) => process.stderr.write(`${notice}\n`),
    tickMillis: 10,
  });
  const { alerts, total } = desk.list({ states: ['firing', 'acknowledged', 'resolved'], limit: 1000 }, ALL);
  expect(total).toBe(alerts.length);
  const found = new Map<string, number>();
  for (const { group, detections } of alerts) found.set(group.u ?? '', (found.get(group.u ?? '') ?? 0) + detections);
  let beyond = 0;
  for (const [group, count] of seen) expect(found.get(group) ?? 0).toBeGreaterThanOrEqual(count);
  for (const [group, count] of found) beyond += count - (seen.get(group) ?? 0);
  // What was on disk, and not yet said, when it was killed.
  expect(beyond).toBeLessThanOrEqual(KILLS);
  for (const { id, state } of alerts) if (resolved.has(id)) expect(state).toBe('resolved');
  expect(alerts.filter(({ state }) => state === 'resolved').length - resolved.size).toBeLessThanOrEqual(KILLS);

  const raised = () => {
    const ids = [...readFileSync(join(directory.path, 'events'), 'utf8').split('\n'), ...late];
    return new Set(ids.filter((id) => id.includes('-alert.raised-')).map((id) => id.slice(0, 26)));
  };
  while (alerts.some(({ id }) => !told.has(id) || !raised().has(id))) await wait(20);
  await desk.close();
  receiver.closeAllConnections();
  receiver.close();
  const known = new Set(alerts.map(({ id }) => id));
  for (const id of [...told.keys(), ...raised()]) expect(known.has(id)).toBe(true);
  process.stderr.write(
    `${KILLS} kills: ${alerts.length} alerts, ${next} detections, ${messages} messages, ${beyond} on disk unsaid\n`,
  );
  directory.remove();
});
