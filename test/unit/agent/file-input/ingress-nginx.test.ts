import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseIngressNginx } from '../../../../agent/file-input/ingress-nginx.ts';
import { maskQuery } from '../../../../agent/file-input/url-secrets.ts';
import { SEED } from '../../../support/seed.ts';

const ID = '0123456789abcdef0123456789abcdef';
const UPSTREAM = '[shop-orders-80] [] 10.244.1.7:8080 612 0.004 200';

interface Parts {
  readonly address?: string;
  readonly user?: string;
  readonly request?: string;
  readonly status?: string;
  readonly agent?: string;
  readonly upstream?: string;
  readonly id?: string;
}

function line({ address = '203.0.113.9', user = '-', request = 'GET / HTTP/1.1', ...rest }: Parts = {}): string {
  const { status = '200', agent = 'curl/8.5.0', upstream = UPSTREAM, id = ID } = rest;
  return `${address} - ${user} [22/Nov/2026:01:15:04 +0100] "${request}" ${status} 612 "-" "${agent}" 78 0.004 ${upstream} ${id}`;
}

const parsed = (parts: Parts) => parseIngressNginx(line(parts), 'default');

describe('the default format', () => {
  test('says all there is to say', () => {
    expect(parsed({ request: 'GET /orders/7?page=2&token=abc HTTP/2.0' })).toEqual({
      endedAt: Date.parse('2026-11-22T00:15:04Z'),
      durationNanos: 4_000_000,
      method: 'GET',
      path: '/orders/7',
      query: 'page=2&token=<masked>',
      domain: undefined,
      status: 200,
      requestBytes: 78,
      responseBytes: 612,
      requestId: ID,
      clientIp: '203.0.113.9',
      userAgent: 'curl/8.5.0',
    });
  });

  test.each([
    [
      'several upstreams',
      '[a-b-80] [] 10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80 0, 0 : 5 0.001, 0.002 : 0.003 502, 502 : 200',
    ],
    ['no upstream', '[] [] - - - -'],
    ['a socket', '[x] [y] unix:/run/x.sock 0 0.000 200'],
  ])('%s', (_, upstream) => {
    expect(parsed({ upstream })).toMatchObject({ requestId: ID, requestBytes: 78 });
  });

  test('IPv6, an account with blanks and brackets, an escaped user agent', () => {
    const user = 'x [01/Jan/2000:00:00:00 +0000] \\x22GET /forged';
    expect(parsed({ address: '2001:db8::1', user, agent: 'a \\x22b\\x22 \\xC3\\xA9' })).toMatchObject({
      clientIp: '2001:db8::1',
      endedAt: Date.parse('2026-11-22T00:15:04Z'),
      path: '/',
      userAgent: 'a "b" é',
    });
  });

  test('a request id that the client made up', () => {
    expect(parsed({ id: '10 - - \\x22x [y]' })?.requestId).toBe('10 - - "x [y]');
    expect(parsed({ id: 'x'.repeat(5000) })?.requestId).toHaveLength(256);
  });

  test.each(['', '\\x16\\x03\\x01password=x', 'GET /a b HTTP/1.1', '-'])(
    'what is no request line is not shown: %s',
    (request) => {
      expect(parsed({ request, status: '400' })).toMatchObject({ method: '_OTHER', path: undefined, query: undefined });
    },
  );

  test('no answer, a client that was gone', () => {
    expect(parsed({ status: '000' })).toMatchObject({ status: undefined });
    expect(parsed({ status: '499' })).toMatchObject({ status: 499 });
  });

  test('an absolute target loses its user and password', () => {
    expect(parsed({ request: 'GET http://me:pw@h/p?x=1 HTTP/1.1' })).toMatchObject({ path: '/p', query: 'x=1' });
  });

  test.each([
    '',
    'nothing',
    '"""""""',
    line().slice(0, -40),
    line().replace('Nov', 'Foo'),
    line({ agent: 'a" "b' }),
    `${line()}"`,
    line().replace(' 0.004 [', ' - ['),
  ])('not understood: %s', (text) => {
    expect(parseIngressNginx(text, 'default')).toBeUndefined();
  });
});

describe('the JSON format', () => {
  const documented = {
    time: '2026-11-22T00:15:04+00:00',
    remote_addr: '',
    x_forwarded_for: '1.2.3.4, 203.0.113.9',
    request_id: ID,
    remote_user: '',
    bytes_sent: 812,
    request_time: 0.004,
    status: 404,
    vhost: 'shop.example',
    request_proto: 'HTTP/1.1',
    path: '/orders',
    request_query: 'api_key=abc&q=1',
    request_length: 78,
    duration: 0.004,
    method: 'GET',
    http_referrer: '',
    http_user_agent: 'curl',
  };

  test('of the documentation', () => {
    expect(parseIngressNginx(JSON.stringify(documented), 'json')).toEqual({
      endedAt: Date.parse('2026-11-22T00:15:04Z'),
      durationNanos: 4_000_000,
      method: 'GET',
      path: '/orders',
      query: 'api_key=<masked>&q=1',
      domain: 'shop.example',
      status: 404,
      requestBytes: 78,
      responseBytes: 812,
      requestId: ID,
      clientIp: '203.0.113.9',
      userAgent: 'curl',
    });
  });

  test("with nginx's own names, and all of it text", () => {
    const own = { time_local: '22/Nov/2026:01:15:04 +0100', request: 'POST /a?b HTTP/1.1', status: '201', req_id: 'r' };
    expect(parseIngressNginx(JSON.stringify(own), 'json')).toMatchObject({ method: 'POST', path: '/a', status: 201 });
  });

  test.each(['', '{', '[]', 'null', '{"status":200}', '{"time":"x","status":200}', '{"time":5,"status":200}'])(
    'not understood: %s',
    (text) => {
      expect(parseIngressNginx(text, 'json')).toBeUndefined();
    },
  );
});

test('nothing that a client sends makes it throw', () => {
  const hostile = fc.string({ unit: 'binary', maxLength: 300 });
  const check = (request: string, agent: string, id: string) => {
    parsed({ request, agent, id });
    parseIngressNginx(agent, 'json');
  };
  fc.assert(fc.property(hostile, hostile, hostile, check), { seed: SEED, numRuns: 2000 });
});

test('time is linear in the length of a line', () => {
  for (const bait of [' : ', ', ', ' [', '10 ', '\\x22', '] ', '- - ']) {
    const long = bait.repeat(60_000 / bait.length);
    const started = performance.now();
    for (const parts of [{ user: long }, { upstream: long }, { id: long }, { request: long }]) parsed(parts);
    // Backtracking would take minutes.
    expect(performance.now() - started).toBeLessThan(5_000);
  }
});

test.each([
  ['password=a&user=b', 'password=<masked>&user=b'],
  ['p%61ssword=a', 'p%61ssword=<masked>'],
  ['X-Amz-Signature=ab&X-Amz-Date=1', 'X-Amz-Signature=<masked>&X-Amz-Date=1'],
  ['code=4%2F0Ab&scope=x', 'code=<masked>&scope=x'],
  ['dsn=postgres%3A%2F%2Fu%3Apw%40h', 'dsn=<masked>'],
  ['next=%2Flogin%3Fpassword%3Dpw', 'next=<masked>'],
  ['t=eyJhbGciOi.eyJzdWIi.sig', 't=<masked>'],
  ['q=100%&x=%zz;a=1', 'q=100%&x=%zz;a=1'],
  ['token=', 'token='],
])('secrets in a query: %s', (query, masked) => {
  expect(maskQuery(query)).toBe(masked);
});
