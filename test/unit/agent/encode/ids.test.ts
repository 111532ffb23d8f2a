import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { communityId } from '../../../../agent/encode/community-id.ts';
import { sessionId } from '../../../../agent/encode/session-id.ts';
import type { Endpoint } from '../../../../agent/tcp/byte-stream.ts';
import { sampleConnection, sampleTimeline } from './sample-events.ts';

describe('communityId', () => {
  // From the baseline of https://github.com/corelight/community-id-spec
  const CLIENT: Endpoint = { ip: '128.232.110.120', port: 34855 };
  const SERVER: Endpoint = { ip: '66.35.250.204', port: 80 };

  test('is what the specification says, in both directions', () => {
    expect(communityId(CLIENT, SERVER)).toBe('1:LQU9qZlK+B5F3KDmev6m5PMibrg=');
    expect(communityId(SERVER, CLIENT)).toBe('1:LQU9qZlK+B5F3KDmev6m5PMibrg=');
  });

  test.each([
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::5:0:7', '20010db8000000000000000500000007'],
    ['fe80::', 'fe800000000000000000000000000000'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:10.2.3.4', '00000000000000000000ffff0a020304'],
  ])('reads %s', (ip, hex) => {
    const address = Buffer.from(hex, 'hex');
    const input = Buffer.concat([Buffer.alloc(2), address, address, Buffer.from([6, 0, 0x0c, 0xea, 0xc8, 0xde])]);
    const expected = `1:${createHash('sha1').update(input).digest('base64')}`;
    expect(communityId({ ip, port: 51422 }, { ip, port: 3306 })).toBe(expected);
    expect(communityId({ ip, port: 3306 }, { ip, port: 51422 })).toBe(expected);
  });

  test.each(['10.2.3', '1:2:3', '1:2:3:4:5:6:7:8:9', '', '::1'])('has none for %s', (ip) => {
    expect(communityId({ ip, port: 1 }, SERVER)).toBeUndefined();
  });
});

describe('sessionId', () => {
  test('is the same for the same connection, and 32 hex digits', () => {
    const id = sessionId(sampleConnection(), sampleTimeline(), 'salt');
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(sessionId(sampleConnection(), sampleTimeline(), 'salt')).toBe(id);
  });

  test('differs with every part', () => {
    const { client, server } = sampleConnection();
    const ids = [
      sampleConnection(),
      sampleConnection({ client: { ...client, port: 51423 } }),
      sampleConnection({ client: { ...client, ip: '10.2.3.5' } }),
      sampleConnection({ server: { ...server, port: 3307 } }),
      sampleConnection({ server: { ...server, ip: '10.2.9.10' } }),
      sampleConnection({ client: server, server: client }),
      sampleConnection({ startedAt: 1 }),
      sampleConnection({ startedAt: 1e9 }),
    ].map((connection) => sessionId(connection, sampleTimeline(), 'salt'));
    ids.push(sessionId(sampleConnection(), sampleTimeline(), 'another'));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has no two alike among many neighbours, in either half', () => {
    const ids = Array.from({ length: 20_000 }, (_, index) =>
      sessionId(
        sampleConnection({ client: { ip: '10.2.3.4', port: index }, startedAt: index >> 4 }),
        sampleTimeline(),
        '',
      ),
    );
    for (const from of [0, 16]) expect(new Set(ids.map((id) => id.slice(from, from + 16))).size).toBe(ids.length);
  });
});
