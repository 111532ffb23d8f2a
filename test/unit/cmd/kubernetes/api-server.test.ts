import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { GlobalOptions } from '../../../../cmd/global-options.ts';
import type { Cluster, WatchEvent } from '../../../../cmd/kubernetes/cluster.ts';
import { connect } from '../../../../cmd/kubernetes/connect.ts';

const POD = { apiVersion: 'v1', kind: 'Pod' };
const RESOURCES: Readonly<Record<string, unknown>> = {
  '/api/v1': {
    resources: [
      { name: 'pods', kind: 'Pod', namespaced: true },
      { name: 'pods/log', kind: 'Pod', namespaced: true },
      { name: 'namespaces', kind: 'Namespace', namespaced: false },
    ],
  },
};

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

type Answer = (request: Seen, response: ServerResponse) => void;

const seen: Seen[] = [];
let answer: Answer;
let address: string;
const server = createServer(async (request, response) => {
  const { method = '', url = '', headers, rawHeaders } = request;
  const path = url.split('?')[0] ?? '';
  const resources = RESOURCES[path];
  if (resources !== undefined) return response.end(JSON.stringify(resources));
  const one = { method, url, headers, rawHeaders, body: await text(request) };
  seen.push(one);
  answer(one, response);
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen.length = 0;
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

function open(globals: Partial<GlobalOptions> = {}): Cluster {
  return connect({ color: 'never', server: address, ...globals }, { KUBECONFIG: '/nonexistent' }, () => undefined);
}

const json =
  (body: unknown, status = 200, headers = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end(JSON.stringify(body));
  };
const refusal = (status: number, message: string, rest = {}) => json({ kind: 'Status', message, ...rest }, status);
const pod = (name: string) => ({ metadata: { name, namespace: 'shop', strange: [1] }, spec: { unknown: true } });

describe('objects', () => {
  test('long lists come in pieces, their objects with type and all fields', async () => {
    answer = (request, response) => {
      const next = request.url.includes('continue=more');
      json({ metadata: next ? {} : { continue: 'more' }, items: [pod(next ? 'b' : 'a')] })(request, response);
    };
    const pods = await open().list(POD, { namespace: 'shop', labelSelector: 'a=b' });
    expect(pods).toEqual([pod('a'), pod('b')].map((object) => ({ ...POD, ...object })));
    expect(seen[0]?.url).toBe('/api/v1/namespaces/shop/pods?labelSelector=a%3Db&limit=500');
  });

  test('an empty list may be null', async () => {
    answer = json({ metadata: {}, items: null });
    expect(await open().list(POD)).toEqual([]);
    expect(seen[0]?.url).toBe('/api/v1/pods?limit=500');
  });

  test('what is not there is undefined', async () => {
    answer = refusal(404, 'pods "x" not found');
    expect(await open().find(POD, 'x', 'shop')).toBeUndefined();
    expect(await open().remove(POD, 'x', 'shop')).toBe(false);
  });

  test('server-side apply', async () => {
    answer = (request, response) => response.end(request.body);
    await open().apply({ ...POD, ...pod('a') }, { dryRun: true });
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      url: '/api/v1/namespaces/shop/pods/a?fieldManager=dbaudit&force=true&dryRun=All',
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
  });

  test('a type that is not served', async () => {
    const cluster = open();
    answer = refusal(404, 'not found');
    const policy = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicy' };
    expect(await cluster.serves(policy)).toBe(false);
    expect(await cluster.serves(POD)).toBe(true);
    await expect(cluster.list(policy)).rejects.toMatchObject({ code: 'DBA1103' });
  });

  test('eviction: a disruption budget is told apart from a busy server', async () => {
    answer = refusal(429, 'no', { details: { causes: [{ reason: 'DisruptionBudget' }] } });
    expect(await open().evict('shop', 'a')).toBe('refused');
    expect(seen).toHaveLength(1);
    answer = refusal(404, 'no');
    expect(await open().evict('shop', 'a')).toBe('gone');
    answer = json({}, 201);
    expect(await open().evict('shop', 'a')).toBe('evicted');
  });

  test('a busy server is asked again when it says', async () => {
    answer = (request, response) =>
      (seen.length === 1 ? refusal(429, 'busy', {}) : json({ major: '1', minor: '30+', gitVersion: 'v1.30.1' }))(
        request,
        response,
      );
    expect(await open().version()).toEqual({ major: 1, minor: 30, gitVersion: 'v1.30.1' });
    expect(seen).toHaveLength(2);
  });
});

describe('the caller', () => {
  test('groups to act with are headers of their own', async () => {
    answer = json({ major: '1', minor: '30', gitVersion: 'v1.30.1' });
    await open({ as: 'maya', asGroup: ['devs', 'ops'], asUid: '7', token: 'secret' }).version();
    const { rawHeaders = [], headers } = seen[0] ?? {};
    const groups = rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'impersonate-group');
    expect(groups).toEqual(['devs', 'ops']);
    expect(headers).toMatchObject({
      'impersonate-user': 'maya',
      'impersonate-uid': '7',
      authorization: 'Bearer secret',
    });
  });

  test.each([
    [401, 'Unauthorized', 'DBA1101', 'does not accept the credentials'],
    [403, 'pods is forbidden: User "m" cannot list resource "pods"', 'DBA1102', 'no right to list Pod in shop'],
    [403, 'pods "a" is forbidden: exceeded quota: q', 'DBA1107', 'exceeded quota'],
    [404, 'the namespace is not there', 'DBA1103', 'not there'],
    [422, 'is invalid', 'DBA1107', 'is invalid'],
    [503, 'etcd is away', 'DBA1101', 'etcd is away'],
  ])('%d %j is %s', async (status, message, code, words) => {
    answer = refusal(status, message);
    const failure = open().list(POD, { namespace: 'shop' });
    await expect(failure).rejects.toMatchObject({ name: 'UserError', code });
    await expect(failure).rejects.toThrow(words);
  });

  test('an answer that is no Status is shown in part', async () => {
    answer = (_, response) => response.writeHead(502).end(`<html>${'x'.repeat(1_000)}`);
    await expect(open().list(POD)).rejects.toMatchObject({
      code: 'DBA1101',
      message: expect.stringMatching(/^.{1,400}$/),
    });
  });

  test('no API server at all', async () => {
    await expect(open({ server: 'http://127.0.0.1:1' }).version()).rejects.toMatchObject({
      code: 'DBA1101',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('a server that does not answer in time', async () => {
    answer = () => undefined;
    await expect(open({ requestTimeout: '50ms' }).version()).rejects.toThrow('no answer within 0.05 s');
  });
});

describe('watch', () => {
  test('lists, follows, and lists again after a loss, until the signal', async () => {
    let lists = 0;
    answer = (request, response) => {
      if (!request.url.includes('watch=true')) {
        lists += 1;
        json({ metadata: { resourceVersion: String(lists) }, items: [pod(`listed-${lists}`)] })(request, response);
        return;
      }
      const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
      // The second part of an event comes later, and of the last one never.
      const added = line('ADDED', { ...POD, ...pod('added') });
      response.write(line('BOOKMARK', { kind: 'Pod', metadata: {} }) + added.slice(0, 20));
      setTimeout(() => {
        response.write(added.slice(20) + added.slice(0, 30));
        setTimeout(() => response.destroy(), 20);
      }, 20);
    };
    const stop = new AbortController();
    const events: string[] = [];
    for await (const event of open().watch(POD, { namespace: 'shop' }, stop.signal)) {
      events.push(describeEvent(event));
      if (events.length === 4) stop.abort();
    }
    expect(events).toEqual(['LISTED listed-1', 'ADDED added', 'LISTED listed-2', 'ADDED added']);
    expect(seen[1]?.url).toContain('resourceVersion=1');
  });

  test('what may not be watched ends it', async () => {
    answer = refusal(403, 'User "m" cannot list resource "pods"');
    const events = open().watch(POD, {}, new AbortController().signal);
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'DBA1102' });
  });
});

function describeEvent(event: WatchEvent): string {
  const objects = event.type === 'LISTED' ? event.objects : [event.object];
  return `${event.type} ${objects.map(({ metadata }) => metadata.name).join(' ')}`;
}
