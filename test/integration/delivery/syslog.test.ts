import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Batch, joinLines } from '../../../delivery/batch.ts';
import { classNumber, type EventClass } from '../../../delivery/event-class.ts';
import { eventIdOf } from '../../../delivery/event-id.ts';
import { TryAgain } from '../../../delivery/sinks/failure.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { syslogSink } from '../../../delivery/sinks/syslog.ts';
import { SEED } from '../../support/seed.ts';
import { type Rsyslog, startRsyslog, whyNoRsyslog } from '../../support/servers/rsyslog.ts';

const NEVER = new AbortController().signal;
const BATCH_EVENTS = 200;
const RETRY_MILLIS = 50;
const KILLS = Number(process.env.DBAUDIT_SYSLOG_KILLS ?? 8);

const missing = whyNoRsyslog();
if (missing !== undefined) process.stderr.write(`syslog.test.ts is skipped: ${missing}\n`);
const describeHere = missing === undefined ? describe : describe.skip;

let notices: string[] = [];
const opened: Sink[] = [];
afterEach(async () => {
  for (const sink of opened.splice(0)) await sink.close().catch(() => undefined);
  notices = [];
});

function openSyslog(settings: object): Sink {
  const parsed = syslogSink.schema.parse({ type: 'syslog', hostname: 'shop.orders-1', ...settings });
  const sink = syslogSink.open(parsed, { instanceId: 'test', onNotice: (notice) => notices.push(notice) });
  opened.push(sink);
  return sink;
}

/** A line of about 1 KB; `bytes` makes it that long. */
function line(id: string, bytes = 1000): Buffer {
  const head = `{"@timestamp":"2026-11-21T20:26:12.345678901Z","event":{"action":"db.query","id":"${id}"},"text":"Grüße, 数据库 \\"`;
  const tail = '\\n"}\n';
  return Buffer.from(head + 'x'.repeat(Math.max(0, bytes - Buffer.byteLength(head) - tail.length)) + tail);
}

function batchOf(ids: readonly string[], eventClass: EventClass = 'read'): Batch {
  return joinLines(ids.map((id) => ({ line: line(id), classNumber: classNumber(eventClass) })));
}

const numbered = (prefix: string, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${from + index}`);

/** Of the messages whose event ids begin with `prefix`: how often each is there. */
function countsOf(rsyslog: Rsyslog, prefix: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { text } of rsyslog.received()) {
    const id = eventIdOf(Buffer.from(text)) ?? '';
    if (id.startsWith(`${prefix}-`)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** As the queue does: the same batch until it passes. Gives how often it was tried in vain. */
async function persist(sink: Sink, batch: Batch): Promise<number> {
  for (let failures = 0; ; failures++) {
    try {
      await sink.write(batch, NEVER);
      return failures;
    } catch (error) {
      if (!(error instanceof TryAgain)) throw error;
      await sleep(RETRY_MILLIS);
    }
  }
}

describeHere('over TCP', () => {
  let rsyslog: Rsyslog;
  beforeAll(async () => {
    rsyslog = await startRsyslog();
  });
  afterAll(() => rsyslog.stop());
  const address = () => ({ address: `127.0.0.1:${rsyslog.port}` });

  test('every event arrives as it was written, once, under a header that rsyslog understands', async () => {
    const sink = openSyslog(address());
    for (let from = 0; from < 20_000; from += 1000)
      await sink.write(batchOf(numbered('all', from, 1000), 'ddl'), NEVER);
    await sink.close();
    const received = rsyslog.received();
    expect(received.map(({ text }) => text)).toEqual(
      numbered('all', 0, 20_000).map((id) => line(id).subarray(0, -1).toString()),
    );
    expect(received[0]).toMatchObject({
      priority: 13 * 8 + 5,
      timestamp: '2026-11-21T20:26:12.345678Z',
      hostname: 'shop.orders-1',
      appName: 'dbaudit',
      messageId: 'db.query',
    });
    expect(notices).toEqual([]);
  });

  test('the longest message that both take arrives whole; what is longer is refused with the reason', async () => {
    const sink = openSyslog(address());
    const header =
      '<110>1 2026-11-21T20:26:12.345678Z shop.orders-1 dbaudit  db.query - '.length + `${process.pid}`.length;
    const fits = line('long-1', 8096 - header + 1);
    const lines = [line('long-0'), fits, line('long-2', fits.length + 1), line('long-3')];
    const taken = await sink.write(joinLines(lines.map((one) => ({ line: one, classNumber: 0 }))), NEVER);
    await sink.close();
    expect(taken).toEqual({ refused: [{ index: 2, reason: expect.stringContaining('8097 bytes') }], again: [] });
    const texts = rsyslog.received().map(({ text }) => text);
    expect(texts.filter((text) => text.includes('"long-'))).toEqual(
      [0, 1, 3].map((index) => lines[index]?.subarray(0, -1).toString()),
    );
  });

  test('killed under load again and again, rsyslog has everything in the end', async () => {
    const sink = openSyslog(address());
    let running = true;
    let kills = 0;
    const trouble = (async () => {
      for (let random = SEED; running && kills < KILLS; random = (random * 48_271) % 2_147_483_647) {
        await sleep(random % 400);
        // A program that lags has what it has not read in its kernel's buffers, which go with it.
        process.kill(rsyslog.pid, 'SIGSTOP');
        await sleep(random % 30);
        await rsyslog.kill9();
        kills += 1;
        await sleep(random % 100);
        await rsyslog.restart();
      }
    })();
    const events = 30_000;
    let failures = 0;
    for (let from = 0; from < events || kills < KILLS; from += BATCH_EVENTS) {
      if (from < events) failures += await persist(sink, batchOf(numbered('kill', from, BATCH_EVENTS)));
      else await sleep(RETRY_MILLIS);
    }
    running = false;
    await trouble;
    await sink.close();
    const counts = countsOf(rsyslog, 'kill');
    const copies = [...counts.values()].reduce((sum, count) => sum + count, 0);
    process.stderr.write(
      `syslog: rsyslog killed ${kills} times, ${failures} failed writes, ${events} events, ${copies - counts.size} duplicates\n`,
    );
    expect(numbered('kill', 0, events).filter((id) => !counts.has(id))).toEqual([]);
    expect(failures).toBeGreaterThan(0);
  });

  test('stopped for a while, it gets everything once', async () => {
    const sink = openSyslog(address());
    await sink.write(batchOf(numbered('stop', 0, BATCH_EVENTS)), NEVER);
    process.kill(rsyslog.pid, 'SIGSTOP');
    const resumed = sleep(2000).then(() => process.kill(rsyslog.pid, 'SIGCONT'));
    const events = 20_000;
    for (let from = BATCH_EVENTS; from < events; from += BATCH_EVENTS)
      await sink.write(batchOf(numbered('stop', from, BATCH_EVENTS)), NEVER);
    await resumed;
    await sink.close();
    const counts = countsOf(rsyslog, 'stop');
    expect([counts.size, Math.max(...counts.values()), notices]).toEqual([events, 1, []]);
  });

  test('a receiver that hangs is given up, and what it had not read is sent again', async () => {
    const sink = openSyslog({ ...address(), timeoutSeconds: 1 });
    await sink.write(batchOf(numbered('hang', 0, BATCH_EVENTS)), NEVER);
    process.kill(rsyslog.pid, 'SIGSTOP');
    let settled = BATCH_EVENTS;
    const failed = (async () => {
      for (; ; settled += 10) await sink.write(batchOf(numbered('hang', settled, 10)), NEVER);
    })();
    await expect(failed).rejects.toMatchObject({
      code: 'DBA4007',
      message: expect.stringMatching(/nothing moved for 1 s/),
    });
    await rsyslog.kill9();
    await rsyslog.restart();
    await sink.close();
    const counts = countsOf(rsyslog, 'hang');
    expect(settled).toBeGreaterThan(BATCH_EVENTS);
    expect(numbered('hang', 0, settled).filter((id) => !counts.has(id))).toEqual([]);
    expect(notices).toEqual([expect.stringMatching(/\d+ events were sent again/)]);
  });

  test('what the receiver may not have read when the sink is closed is told with its count', async () => {
    const sink = openSyslog(address());
    await sink.write(batchOf(['end-1']), NEVER);
    process.kill(rsyslog.pid, 'SIGSTOP');
    await sink.write(batchOf(['end-2', 'end-3']), NEVER);
    const closed = expect(sink.close()).rejects.toMatchObject({ code: 'DBA4005' });
    await rsyslog.kill9();
    await closed;
    expect(notices).toEqual([expect.stringMatching(/: 2 events were sent, and it is not known/)]);
    await rsyslog.restart();
  });
});

describeHere('over TLS', () => {
  let rsyslog: Rsyslog;
  let plain: Rsyslog;
  beforeAll(async () => {
    [rsyslog, plain] = await Promise.all([startRsyslog({ tls: true, maxMessageSize: '64k' }), startRsyslog()]);
  });
  afterAll(() => Promise.all([rsyslog.stop(), plain.stop()]));
  const address = (host = '127.0.0.1') => ({ address: `${host}:${rsyslog.port}` });

  test('events arrive as they were written, long ones too', async () => {
    const sink = openSyslog({ ...address('localhost'), tls: rsyslog.tlsFiles, maxMessageBytes: 65_536 });
    for (let from = 0; from < 10_000; from += 1000) await sink.write(batchOf(numbered('tls', from, 1000)), NEVER);
    const long = line('tls-long', 60_000);
    await sink.write(joinLines([{ line: long, classNumber: 0 }]), NEVER);
    await sink.close();
    expect(rsyslog.received().map(({ text }) => text)).toEqual([
      ...numbered('tls', 0, 10_000).map((id) => line(id).subarray(0, -1).toString()),
      long.subarray(0, -1).toString(),
    ]);
    expect(notices).toEqual([]);
  });

  test('killed under load, it has everything in the end', async () => {
    const sink = openSyslog({ ...address(), tls: rsyslog.tlsFiles });
    const events = 8000;
    for (let from = 0; from < events; from += BATCH_EVENTS) {
      if (from % 2000 === 1000) await rsyslog.kill9().then(() => rsyslog.restart());
      await persist(sink, batchOf(numbered('tlskill', from, BATCH_EVENTS)));
    }
    await sink.close();
    expect(countsOf(rsyslog, 'tlskill').size).toBe(events);
  });

  test.each([
    ['an unknown certificate authority', () => ({ tls: {} }), 'DBA4002', /certificate authority/],
    ['another name', () => ({ tls: { ...rsyslog.tlsFiles, serverName: 'other.test' } }), 'DBA4009', /another name/],
    [
      'no certificate of ours',
      () => ({ tls: { caFile: rsyslog.tlsFiles.caFile } }),
      /^DBA400[156]$/,
      /certificate|closed/,
    ],
    [
      'a file that is not there',
      () => ({ tls: { caFile: '/no/such.pem' } }),
      'DBA4008',
      /tls\.caFile: \/no\/such\.pem/,
    ],
    ['no TLS', () => ({}), 'DBA4006', /may want TLS/],
    ['TLS where there is none', () => ({ ...portOf(plain), tls: {}, timeoutSeconds: 1 }), 'DBA4006', /no TLS port/],
  ])('%s is told', async (_, settings, code, message) => {
    const sink = openSyslog({ ...address(), ...settings() });
    const error: unknown = await sink.write(batchOf(['wrong-1']), NEVER).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: expect.stringMatching(code), message: expect.stringMatching(message) });
  });
});

function portOf({ port }: Rsyslog) {
  return { address: `127.0.0.1:${port}` };
}
