import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import {
  type LogItem,
  type LogOwner,
  RecentLines,
  readAgentLog,
  splitLines,
} from '../../../../cmd/events/log-lines.ts';
import { SequenceCheck } from '../../../../cmd/events/sequence-check.ts';
import { auditEventSchema } from '../../../../contract/audit-event.ts';
import { auditEvent } from '../../../support/audit-events.ts';

function owner(): LogOwner {
  return { namespace: 'shop', pod: 'a', sequence: new SequenceCheck(), words: new RecentLines() };
}

async function read(text: string, options: { readonly mayBeginTorn?: boolean; readonly by?: LogOwner } = {}) {
  const items: LogItem[] = [];
  for await (const item of readAgentLog(Readable.from([Buffer.from(text)]), options.by ?? owner(), options))
    items.push(item);
  return items.map((item) => {
    if (item.kind === 'word') return item.text;
    const { event, message } = item.received.event;
    return message === undefined ? event.sequence : `${event.reason}: ${message}`;
  });
}

const EVENTS = [0, 1, 2, 3].map((sequence) =>
  JSON.stringify(auditEvent({ sequence, at: `2026-01-02T03:04:0${sequence}.000000000Z` })),
);

test('events, and among an agent’s own words those that matter', async () => {
  const log = [
    '{"level":30,"time":"2026-01-02T03:04:05.000Z","msg":"capturing"}',
    EVENTS[0],
    '{"level":40,"time":"2026-01-02T03:04:05.000Z","msg":"the ring is small"}',
    '{"level":50,"time":"2026-01-02T03:04:05.000Z","msg":"sink refused events"}',
    '{"something":"else"}',
    'Error: out of memory',
    '',
    EVENTS[1],
  ];
  expect(await read(`${log.join('\n')}\n`)).toEqual([
    0,
    'warning: the ring is small',
    'error: sink refused events',
    '{"something":"else"}',
    'Error: out of memory',
    1,
  ]);
});

describe('a torn line', () => {
  test('in the middle is a gap; the hole it leaves is one too', async () => {
    const torn = `${EVENTS[1]?.slice(0, 200)}{"level":40,"msg":"between"}${EVENTS[1]?.slice(200)}`;
    expect(await read(`${EVENTS[0]}\n${torn}\n${EVENTS[2]}\n`)).toEqual([
      0,
      'unreadable: an event cannot be read: its line is torn',
      'events-missing: numbers 1 to 1 of the agent are not in its log',
      2,
    ]);
  });

  test('at the end may be continued over the next connection', async () => {
    const by = owner();
    expect(await read(`${EVENTS[0]}\n${EVENTS[1]?.slice(0, 99)}`, { by })).toEqual([0]);
    expect(await read(`${EVENTS[0]}\n${EVENTS[1]}\n`, { by, mayBeginTorn: true })).toEqual([1]);
  });

  test('at the beginning is one that began before the time that was asked for', async () => {
    const log = `${EVENTS[0]?.slice(99)}\n${EVENTS[1]}\n`;
    expect(await read(log, { mayBeginTorn: true })).toEqual([1]);
    expect(await read(log)).toEqual([EVENTS[0]?.slice(99), 1]);
  });
});

test('an event of another schema is a gap, not nothing', async () => {
  const event = JSON.stringify({ ...auditEvent(), dbaudit: { schema: 2, everything: 'else' } });
  expect(await read(`${event}\n`)).toEqual([
    expect.stringMatching(/^unreadable: an event cannot be read: it is of another version of dbaudit/),
  ]);
});

test('gaps found here are valid events', async () => {
  for await (const item of readAgentLog(Readable.from([`${EVENTS[0]}\n{"@timestamp":x\n${EVENTS[3]}\n`]), owner()))
    if (item.kind === 'event') {
      expect(auditEventSchema.safeParse(item.received.event).error).toBeUndefined();
      expect(JSON.parse(item.received.line)).toEqual(item.received.event);
    }
});

test('a line beyond the bound is told, not held', async () => {
  const ends: string[] = [];
  async function* endless() {
    for (let i = 0; i < 1_000; i++) yield Buffer.alloc(1_000, 'x');
    yield 'x\nshort\n';
  }
  for await (const { text, end } of splitLines(endless(), 10_000)) ends.push(`${end} ${text}`);
  expect(ends).toEqual(['too-long ', 'newline short']);
});

test('what it said is told once; the same words later are told again', () => {
  const words = new RecentLines();
  expect([words.isNew('a'), words.isNew('a')]).toEqual([true, false]);
  for (let i = 0; i < 100; i++) words.isNew(String(i));
  expect(words.isNew('a')).toBe(true);
});
