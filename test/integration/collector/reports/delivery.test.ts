import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pino from 'pino';
import { SMTPServer } from 'smtp-server';
import { openReportRoom } from '../../../../collector/reports/report-room.ts';
import { reportsSchema } from '../../../../collector/reports/settings.ts';
import { HookReceiver } from '../../../support/alerts/hook-receiver.ts';
import { OpenStore } from '../../../support/collector/open-store.ts';
import { REPORT_DAY, reportEvents } from '../../../support/collector/report-events.ts';
import { freePort } from '../../../support/servers/free-port.ts';

const DAY_MILLIS = 86_400_000;
const PASSWORD = 'correct horse battery staple';
const kept = new OpenStore();
let certificates: HookReceiver;
let server: SMTPServer;
let port: number;
const mails: { readonly to: string[]; readonly message: string }[] = [];

beforeAll(async () => {
  certificates = await HookReceiver.start();
  kept.now = REPORT_DAY + DAY_MILLIS;
  await (await kept.open()).append(reportEvents(), 'agent/shop/mysql-0/1');
  server = new SMTPServer({
    ...certificates.certificate,
    logger: false,
    onAuth: ({ password }, _session, done) =>
      password === PASSWORD ? done(null, { user: 'audit' }) : done(new Error('no')),
    onData: async (stream, { envelope }, done) => {
      mails.push({ to: envelope.rcptTo.map(({ address }) => address), message: await text(stream) });
      done();
    },
  });
  port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
});

afterAll(async () => {
  await new Promise<void>((resolve) => server.close(resolve));
  await certificates.stop();
  await kept.remove();
});

test('what is due goes out once, by mail with its files and to a directory', async () => {
  const base = kept.directory.path;
  mkdirSync(`${base}/out`);
  writeFileSync(`${base}/password`, `${PASSWORD}\n`);
  const settings = reportsSchema.parse({
    timeZone: 'Asia/Shanghai',
    mail: {
      host: 'localhost',
      port,
      username: 'audit',
      passwordFile: `${base}/password`,
      from: 'audit@example.com',
      tls: { caFile: certificates.caFile },
    },
    schedules: [
      {
        name: 'morning',
        kind: 'day',
        every: 'day',
        language: 'zh',
        formats: ['html', 'pdf'],
        to: ['dba@example.com', 'soc@example.com'],
        directory: `${base}/out`,
      },
    ],
  });
  let now = REPORT_DAY;
  const open = () =>
    openReportRoom({
      directory: `${base}/reports`,
      store: kept.store,
      settings,
      cluster: 'prod',
      log: pino({ level: 'silent' }),
      now: () => now,
    });
  await open().close();
  now += DAY_MILLIS;
  const room = open();
  await room.tick();
  await room.close();
  await open().close();
  expect(mails.map(({ to }) => to)).toEqual([['dba@example.com', 'soc@example.com']]);
  const [{ message } = { message: '' }] = mails;
  // RFC 2047, in pieces.
  const subject = /^Subject: ((?:.*\r?\n )*.*)/m.exec(message)?.[1] ?? '';
  const bytes = [...subject.matchAll(/=\?UTF-8\?Q\?(.*?)\?=/g)]
    .map(([, piece = '']) => piece)
    .join('')
    .replaceAll('_', ' ');
  expect(decodeURIComponent(bytes.replaceAll('=', '%'))).toBe('dbaudit · prod · 日报');
  expect(message).toMatch(/filename="?morning-day-20260102-[0-9a-f]{12}\.pdf/);
  expect(message).toMatch(/^Message-ID: <day-20260102-[0-9a-f]{12}@example.com>/m);
  const files = readdirSync(`${base}/out`).toSorted();
  expect(files.map((file) => file.split('.')[1])).toEqual(['html', 'pdf']);
  const html = readFileSync(`${base}/out/${files[0]}`, 'utf8');
  // The day of Shanghai.
  expect(html).toContain('2026-01-02 00:00 – 2026-01-03 00:00 (Asia/Shanghai)');
  expect(html).toContain('schedule morning');
});
