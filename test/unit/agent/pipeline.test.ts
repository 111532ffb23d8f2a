import { describe, expect, test } from '@jest/globals';
import { summarize } from '../../../agent/summary.ts';
import { replayPackets, validEvents } from '../../support/replayed.ts';
import { Conversation } from '../../support/segments.ts';

const REDIS = { ip: '10.0.0.2', port: 6379 };
const ELSEWHERE = { ip: '10.0.0.2', port: 7777 };

function ping(options: ConstructorParameters<typeof Conversation>[0]) {
  return new Conversation(options).open().client('*1\r\n$4\r\nPING\r\n').server('+PONG\r\n').close();
}

const actions = (lines: string) => validEvents(lines).map(({ event }) => event.action);

describe('the whole way of a packet', () => {
  test('a statement and the end of its session', async () => {
    const { lines, agent } = await replayPackets(ping({ server: REDIS }).packets);
    expect(actions(lines)).toEqual(['db.command', 'db.session.end']);
    expect(summarize(agent, { received: 7, dropped: 0 }, 1)).toBe(
      [
        '7 packets, 2 events in 1.00 s',
        'redis: 1 session, 1 statement',
        '0 statements failed, 0 without an answer; 0 logins, 0 failed',
        'not seen: nothing that could be told',
      ].join('\n'),
    );
  });

  test('a capture that begins in the middle says so', async () => {
    const { lines } = await replayPackets(ping({ server: REDIS }).packets.slice(3));
    expect(actions(lines)).toEqual(['db.session.midstream', 'db.command', 'db.session.end']);
    expect(validEvents(lines)[1]?.dbaudit.session?.captured_from_start).toBe(false);
  });

  test('another port is looked into where all are, and only there', async () => {
    const { packets } = ping({ server: ELSEWHERE });
    expect(actions((await replayPackets(packets)).lines)).toEqual(['db.command', 'db.session.end']);
    expect((await replayPackets(packets, { capture: { allPorts: false } })).lines).toBe('');
  });

  test('a lost segment is told with its bytes, and in the summary', async () => {
    const { packets } = ping({ server: REDIS });
    const { lines, agent } = await replayPackets(packets.filter(({ payloadBytes }) => payloadBytes !== 7));
    const gap = validEvents(lines).find(({ event }) => event.action === 'db.gap');
    expect(gap?.dbaudit.capture.gap_bytes).toBe(7);
    expect(summarize(agent, { received: 6, dropped: 0 }, 1)).toContain(
      'not seen: 7 bytes lost in captured connections',
    );
  });

  test('what is left out on purpose is counted', async () => {
    const { lines, agent } = await replayPackets(ping({ server: REDIS }).packets, {
      exclude: { operations: ['PING'] },
    });
    expect(actions(lines)).toEqual(['db.session.end']);
    expect(summarize(agent, { received: 7, dropped: 0 }, 1)).toContain('1 event left out on purpose');
  });

  test('TLS on a database’s port is said', async () => {
    const hello = Buffer.from('16030100050100000103', 'hex');
    const { packets } = new Conversation({ server: REDIS }).open().client(hello).close();
    const { lines } = await replayPackets(packets);
    expect(validEvents(lines).map(({ event }) => [event.action, event.reason])).toEqual([
      ['db.session.undecodable', 'encrypted'],
      ['db.session.end', 'finished'],
    ]);
  });
});
