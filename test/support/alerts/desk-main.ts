/**
 * A collector's desk that is to be killed: raises alerts as fast as it can, and says on standard output what it was told to be
 * done. Arguments: the directory, the receiver's address, the number of the first detection.
 */
import { appendFileSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { openAlertDesk } from '../../../collector/alerts/alert-desk.ts';
import { alertsSchema } from '../../../collector/alerts/settings.ts';
import { detection } from './detections.ts';

const STDOUT = 1;
const TICK_MILLIS = 10;
const ALL = { namespaces: 'all', literals: false } as const;
/** Detections of one group, so that alerts are joined as well as raised. */
const PER_GROUP = 10;

const [directory = '.', url = '', first = '0'] = process.argv.slice(2);

const desk = openAlertDesk({
  file: `${directory}/alerts.db`,
  settings: alertsSchema.parse({
    floodAbovePerHour: 1000,
    inhibitBy: [],
    channels: [{ type: 'webhook', name: 'receiver', url, perMinute: 6000 }],
    routes: [{ name: 'all', channels: ['receiver'], groupBy: ['u'], groupWaitSeconds: 0, groupIntervalSeconds: 1 }],
  }),
  record: async (events) => {
    for (const { event } of events) appendFileSync(`${directory}/events`, `${event.id}\n`);
  },
  nextSequence: () => 0,
  onNotice: (notice) => process.stderr.write(`${notice}\n`),
  tickMillis: TICK_MILLIS,
});

for (let number = Number(first); ; number++) {
  const group = { u: String(Math.floor(number / PER_GROUP)) };
  desk.see([detection({ at: Date.now(), group })]);
  writeSync(STDOUT, `seen ${group.u}\n`);
  if (number % 70 === 69) {
    const { alerts } = desk.list({ states: ['firing'], limit: 1 }, ALL);
    const id = alerts[0]?.id ?? '';
    desk.change(id, { what: 'resolve' }, 'alice', ALL);
    writeSync(STDOUT, `resolved ${id}\n`);
  }
  await wait(1);
}
