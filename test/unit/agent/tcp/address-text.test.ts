import { expect, test } from '@jest/globals';
import { ipv4Text, ipv6Text } from '../../../../agent/tcp/address-text.ts';
import { addressBytes } from '../../../support/segments.ts';

function words(ip: string): number[] {
  const bytes = addressBytes(ip);
  return [0, 4, 8, 12].map((at) => bytes.readInt32BE(at));
}

test.each([
  ['2001:db8::1', '2001:db8::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['fe80:0:0:0:0:0:0:0', 'fe80::'],
  ['0:0:0:0:0:ffff:a00:1', '::ffff:10.0.0.1'],
  ['abcd:ef01:2345:6789:abcd:ef01:2345:6789', 'abcd:ef01:2345:6789:abcd:ef01:2345:6789'],
])('%s is written %s (RFC 5952)', (ip, text) => {
  expect(ipv6Text(words(ip), 0)).toBe(text);
});

test('IPv4 is written in dotted decimal', () => {
  expect([0, 0x0a000001, 0xffffffff | 0].map(ipv4Text)).toEqual(['0.0.0.0', '10.0.0.1', '255.255.255.255']);
});
