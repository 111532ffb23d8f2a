import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { run } from '../../../../cmd/run.ts';
import { UserError } from '../../../../contract/user-error.ts';
import { auditEvent, type EventChanges, packetGap } from '../../../support/audit-events.ts';
import { LogCluster } from '../../../support/log-cluster.ts';
import { runPlugin } from '../../../support/plugin.ts';

/** `text` at second `second` of an hour that has passed; its number is that of the agent. */
function line(sequence: number, text: string, changes: EventChanges = {}): string {
  return JSON.stringify(auditEvent({ sequence, at: at(sequence), db: { query: { text } }, ...changes }));
}

function at(second: number): string {
  return `2026-01-02T03:04:${String(second).padStart(2, '0')}.000000000Z`;
}

const TEXTS = ['-o', 'template={{statement}}'];

/** What a run of the plugin has said so far. */
class Said extends Writable {
  text = '';
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

/** A tail that goes on until the test is over. */
function follow(cluster: LogCluster, ...words: string[]) {
  const [stdout, stderr, interrupt] = [new Said(), new Said(), new AbortController()];
  const code = run(['tail', ...TEXTS, ...words], {
    stdin: new PassThrough(),
    stdout,
    stderr,
    environment: { HOME: '/nonexistent' },
    signal: interrupt.signal,
    cluster,
  });
  const end = () => {
    interrupt.abort();
    return code;
  };
  ended.push(end);
  return { stdout, stderr, end };
}

/** For what hangs alone. */
const HANGS_MILLIS = 8_000;

/** Settles when it is so. */
async function until(holds: () => boolean): Promise<void> {
  const started = Date.now();
  while (!holds()) {
    if (Date.now() - started > HANGS_MILLIS) throw new Error(`it never came to be: ${holds}`);
    await sleep(5);
  }
}

function shop(...pods: string[]): LogCluster {
  const cluster = new LogCluster([], 'shop');
  for (const pod of pods) cluster.addPod(pod);
  return cluster;
}

describe('what is there', () => {
  test('comes in the order in which it happened, over all pods', async () => {
    const cluster = shop('a', 'b');
    cluster.write('a', [line(1, 'first'), line(4, 'fourth')]);
    cluster.write('b', [line(2, 'second'), line(3, 'third'), line(5, 'fifth')]);
    const { code, stdout, stderr } = await runPlugin(['tail', '--no-follow', '-o', 'json'], { cluster });
    expect(code).toBe(0);
    const texts = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).db?.query.text ?? JSON.parse(line).event.reason);
    expect(texts).toEqual(['first', 'second', 'third', 'events-missing', 'fourth', 'events-missing', 'fifth']);
    expect(stderr).toBe('');
  });

  test('--last takes the last of all; filters count first', async () => {
    const cluster = shop('a', 'b');
    cluster.write('a', [line(1, 'one'), line(2, 'two x'), line(3, 'three')]);
    cluster.write('b', [line(4, 'four x'), line(5, 'five')]);
    const last = await runPlugin(['tail', '--no-follow', ...TEXTS, '--last', '2'], { cluster });
    expect(last.stdout).toBe('four x\nfive\n');
    const filtered = await runPlugin(['tail', '--no-follow', ...TEXTS, '--last', '2', '-i', 'x'], { cluster });
    expect(filtered.stdout).toBe('two x\nfour x\n');
  });

  test('--since and --until bound it by time', async () => {
    const cluster = shop('a');
    cluster.write('a', [line(1, 'one'), line(2, 'two'), line(3, 'three')]);
    const words = ['tail', ...TEXTS, '--since', at(2), '--until', '2026-01-02T03:04:02.5Z'];
    // --until has passed: it ends by itself.
    expect((await runPlugin(words, { cluster })).stdout).toBe('two\n');
  });

  test('a pod whose log cannot be read is named, the others are read', async () => {
    const cluster = shop('a');
    cluster.write('a', [line(1, 'one')]);
    cluster.refusal = new UserError('DBA1107', 'container is waiting to start', 'Wait.');
    const { stdout, stderr } = await runPlugin(['tail', '--no-follow'], { cluster });
    expect(stdout).toBe('');
    expect(stderr).toContain('! shop a: its log cannot be read: container is waiting to start');
  });

  test('nothing there: what to do next', async () => {
    const none = await runPlugin(['tail', '--no-follow'], { cluster: shop() });
    expect(none.code).toBe(0);
    expect(none.stderr).toBe(
      'No pod with an agent: namespace shop.\n' +
        '  next: `kubectl dbaudit enable deploy/NAME -n shop` gives a workload its agents; ' +
        '`kubectl dbaudit coverage -n shop` shows what has them\n',
    );
    const cluster = shop('a', 'b');
    cluster.write('a', [line(1, 'one')]);
    const filtered = await runPlugin(['tail', '--no-follow', '--db-user', 'eve'], { cluster });
    expect(filtered.stdout).toBe('');
    expect(filtered.stderr).toBe('No event that passes the filters in the logs of 2 agents.\n');
  });
});

describe('which pods', () => {
  const cluster = () => {
    const cluster = new LogCluster([], 'shop');
    cluster.addPod('orders-1', { labels: { app: 'orders' } });
    cluster.addPod('cart-1', { labels: { app: 'cart' } });
    cluster.addPod('orders-2', { namespace: 'other', labels: { app: 'orders' } });
    cluster.objects.push(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'orders', namespace: 'shop' },
        spec: { selector: { matchLabels: { app: 'orders' } } },
      },
      { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'report', namespace: 'shop' }, spec: {} },
    );
    cluster.addPod('report-29000000-x', { labels: { 'batch.kubernetes.io/job-name': 'report-29000000' } });
    cluster.addPod('report-daily-29000000-x', { labels: { 'batch.kubernetes.io/job-name': 'report-daily-29000000' } });
    for (const [namespace, pod] of [
      ['shop', 'orders-1'],
      ['shop', 'cart-1'],
      ['other', 'orders-2'],
      ['shop', 'report-29000000-x'],
      ['shop', 'report-daily-29000000-x'],
    ] as const)
      cluster.write(pod, [line(1, pod)], namespace);
    return cluster;
  };

  test.each<[readonly string[], readonly string[]]>([
    [[], ['cart-1', 'orders-1', 'report-29000000-x', 'report-daily-29000000-x']],
    [['deploy/orders'], ['orders-1']],
    [['cronjob/report'], ['report-29000000-x']],
    [['pod/cart-1'], ['cart-1']],
    [['ns/other'], ['orders-2']],
    [['^orders'], ['orders-1']],
    [['-l', 'app=cart'], ['cart-1']],
    [
      ['-A', 'orders'],
      ['orders-1', 'orders-2'],
    ],
    [['-A', '-l', 'app!=orders', 'cart'], ['cart-1']],
  ])('%j', async (words, pods) => {
    const { stdout } = await runPlugin(['tail', '--no-follow', ...TEXTS, ...words], { cluster: cluster() });
    expect(stdout.trimEnd().split('\n').sort()).toEqual([...pods].sort());
  });

  test('of several namespaces', async () => {
    const both = new LogCluster(cluster().objects, 'shop,other');
    both.write('orders-1', [line(1, 'here')]);
    both.write('orders-2', [line(2, 'there')], 'other');
    expect((await runPlugin(['tail', '--no-follow', ...TEXTS], { cluster: both })).stdout).toBe('here\nthere\n');
    const { code, stderr } = await runPlugin(['tail', '--no-follow', 'deploy/orders'], { cluster: both });
    expect(code).toBe(1);
    expect(stderr).toContain('DBA1004: deploy/orders cannot be in several namespaces');
  });

  test.each([
    [['('], 'error DBA1004: (: Invalid regular expression'],
    [['deploy/nothing'], 'error DBA1103: there is no deployment/nothing'],
    [['planet/mars'], 'error DBA1004: "planet" is no type'],
    [['--since', 'yesterday'], 'A time such as 2026-11-20T12:00:00Z is expected'],
    [['--last', '0'], 'A whole number from 1 on is expected'],
    [['--max-rate', 'fast'], 'A rate such as 200/s is expected'],
  ])('%j is refused', async (words, message) => {
    const refused = await runPlugin(['tail', '--no-follow', ...words], { cluster: cluster() });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(message);
  });

  test('more than the cap are counted, with how to raise it', async () => {
    const { stdout, stderr } = await runPlugin(['tail', '--no-follow', ...TEXTS, '--max-pods', '1'], {
      cluster: cluster(),
    });
    expect(stdout).toBe('cart-1\n');
    expect(stderr).toBe('! 3 of 4 pods are not read: --max-pods 4 reads all; -n, -l or a name select fewer\n');
  });
});

describe('what comes', () => {
  test('is shown as it comes, from now on; pods come and go', async () => {
    const cluster = shop('a');
    cluster.write('a', [line(1, 'before')]);
    const { stdout, stderr, end } = follow(cluster);
    await until(() => cluster.followed('a'));
    cluster.write('a', [line(2, 'now')]);
    await until(() => stdout.lines.includes('now'));
    cluster.write('b', [line(0, 'its first'), line(1, 'its second')]);
    cluster.addPod('b');
    await until(() => stdout.lines.includes('its second'));
    cluster.removePod('a');
    await until(() => stderr.text.includes('- shop a'));
    expect(await end()).toBe(0);
    expect(stdout.lines).toEqual(['now', 'its first', 'its second']);
    expect(stderr.lines).toEqual(['+ shop a', '+ shop b', '- shop a']);
  });

  test('a lost connection loses and repeats nothing', async () => {
    const cluster = shop('a');
    const { stdout } = follow(cluster);
    await until(() => cluster.followed('a'));
    const recent = (sequence: number, text: string) =>
      line(sequence, text, { at: new Date().toISOString().replace('Z', '000000Z') });
    cluster.write('a', [recent(0, 'zero'), recent(1, 'one')]);
    await until(() => stdout.lines.includes('one'));
    const two = recent(2, 'two');
    cluster.cut('a', 'shop', two.slice(0, 200));
    cluster.writeUnseen('a', [two, recent(3, 'three')]);
    await until(() => stdout.lines.includes('three'));
    await until(() => cluster.followed('a'));
    cluster.write('a', [recent(4, 'four')]);
    await until(() => stdout.lines.includes('four'));
    expect(stdout.lines).toEqual(['zero', 'one', 'two', 'three', 'four']);
  });

  test('a hole in the agent’s numbers is a gap in line', async () => {
    const cluster = shop('a');
    const { stdout } = follow(cluster);
    await until(() => cluster.followed('a'));
    cluster.write('a', [line(7, 'seven'), line(10, 'ten')]);
    await until(() => stdout.lines.includes('ten'));
    expect(stdout.lines).toEqual([
      'seven',
      'LOST 2 events (events-missing): numbers 8 to 9 of the agent are not in its log',
      'ten',
    ]);
  });

  test('an agent that starts anew counts anew; the last words of the one before are read', async () => {
    const cluster = shop('a');
    const { stdout } = follow(cluster);
    await until(() => cluster.followed('a'));
    cluster.write('a', [line(5, 'five')]);
    await until(() => stdout.lines.includes('five'));
    cluster.cut('a');
    cluster.writeUnseen('a', [line(6, 'last words')]);
    cluster.restartAgent('a');
    cluster.writeUnseen('a', [line(0, 'born again', { at: at(30) }), line(1, 'and on', { at: at(31) })]);
    await until(() => stdout.lines.includes('and on'));
    expect(stdout.lines).toEqual([
      'five',
      'last words',
      `BLIND agent-restarted: the agent was started anew; nothing was seen for some time after ${at(6)}`,
      'born again',
      'and on',
    ]);
  });

  test('--last gives what was there, then what comes, once', async () => {
    const cluster = shop('a');
    cluster.write('a', [line(1, 'one'), line(2, 'two'), line(3, 'three')]);
    const { stdout } = follow(cluster, '--last', '2');
    await until(() => cluster.followed('a'));
    cluster.write('a', [line(4, 'four')]);
    await until(() => stdout.lines.includes('four'));
    expect(stdout.lines).toEqual(['two', 'three', 'four']);
  });

  test('an agent’s warnings go to standard error, once; its chatter does not', async () => {
    const cluster = shop('a');
    const { stdout, stderr } = follow(cluster);
    await until(() => cluster.followed('a'));
    const warning = '{"level":40,"time":"2026-01-02T03:04:05.000Z","msg":"no right to capture\\u001b[2J"}';
    cluster.write('a', [
      '{"level":30,"time":"x","msg":"capturing"}',
      warning,
      warning,
      'Segmentation fault',
      line(1, 'one'),
    ]);
    await until(() => stdout.lines.includes('one'));
    expect(stderr.lines).toEqual([
      '+ shop a',
      '! shop a: warning: no right to capture\u{FFFD}[2J',
      '! shop a: Segmentation fault',
    ]);
  });

  test('without the right to read logs it ends with the reason', async () => {
    const cluster = shop('a');
    cluster.refusal = new UserError('DBA1102', 'no right to get pods/log', 'Ask an administrator.');
    const { code, stderr } = await runPlugin(['tail'], { cluster });
    expect(code).toBe(1);
    expect(stderr).toContain('error DBA1102: no right to get pods/log');
  });

  test('a pod beyond the cap gets the place of one that goes', async () => {
    const cluster = shop('a', 'b');
    const { stdout, stderr } = follow(cluster, '--max-pods', '1');
    await until(() => cluster.followed('a'));
    expect(stderr.lines[0]).toMatch(/^! 1 of 2 pods are not read: --max-pods 2 reads all/);
    cluster.addPod('c');
    await until(() => stderr.text.includes('! shop c has to wait: 1 pods are read (--max-pods)'));
    cluster.removePod('a');
    await until(() => cluster.followed('b'));
    cluster.write('b', [line(1, 'of b')]);
    await until(() => stdout.lines.includes('of b'));
    expect(cluster.followed('c')).toBe(false);
  });

  test('a pod made anew under the same name is another one', async () => {
    const cluster = shop('a');
    const { stdout, stderr } = follow(cluster);
    await until(() => cluster.followed('a'));
    cluster.write('a', [line(20, 'old')]);
    await until(() => stdout.lines.includes('old'));
    cluster.removePod('a');
    cluster.addPod('a', { uid: 'another' });
    cluster.write('a', [line(0, 'new', { at: at(1) })]);
    await until(() => stdout.lines.includes('new'));
    await until(() => stderr.text.includes('- shop a'));
    expect(stderr.text.match(/\+ shop a/g)).toHaveLength(2);
    // The follower of the first one must not read the second one's log.
    expect(cluster.requests.filter((request) => request.includes('"follow":true'))).toHaveLength(2);
    expect(stdout.lines.filter((text) => text === 'new')).toHaveLength(1);
  });

  test('--max-rate hides what cannot be read, says how much, and hides no gap', async () => {
    const cluster = shop('a');
    const { stdout, stderr } = follow(cluster, '--max-rate', '1/s');
    await until(() => cluster.followed('a'));
    const many = Array.from({ length: 50 }, (_, index) => line(index, `number ${index}`));
    cluster.write('a', [...many, JSON.stringify(packetGap({ sequence: 50, at: at(50) }))]);
    await until(() => /events not shown/.test(stderr.text));
    const hidden = [...stderr.text.matchAll(/! (\d+) events not shown: more than 1 a second/g)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
    expect(hidden + stdout.lines.length).toBe(51);
    expect(stdout.lines.at(-1)).toMatch(/^LOST 14 packets/);
  });

  test('names of pods and services stand for their addresses', async () => {
    const cluster = new LogCluster([], 'shop');
    cluster.addPod('orders-1', { ip: '10.244.0.7' });
    cluster.objects.push({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'mysql', namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { clusterIPs: ['10.96.0.10'] },
    });
    cluster.write('orders-1', [line(1, 'one')]);
    const { stdout } = await runPlugin(['tail', '--no-follow', '--timezone', 'UTC'], { cluster });
    expect(stdout).toMatch(
      /^TIME +CLIENT +SERVER +USER@DB +STATEMENT +ROWS +TOOK\n03:04:01\.000 +orders-1 +mysql\.shop:3306 +app@shop +one +1 +2\.1ms\n$/,
    );
    const named = await runPlugin(['tail', '--no-follow', ...TEXTS, '--from', 'shop/orders-*', '--to', 'mysql.shop'], {
      cluster,
    });
    expect(named.stdout).toBe('one\n');
  });
});
