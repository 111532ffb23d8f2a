import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Channel } from '../../../../collector/alerts/channels/channel.ts';
import { HookReceiver, type HookRequest } from '../../../support/alerts/hook-receiver.ts';
import { channelOf, notification, problemOf } from '../../../support/alerts/notifications.ts';
import { isRightlySigned } from '../../../support/alerts/signature.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/leftovers.ts';

const SECRET = 'SEC0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const TOKEN = 'f3a1c9e07b2d4865a90c7e1b3d5f8024';
const HOUR_MILLIS = 3_600_000;
const SIGNAL = AbortSignal.timeout(60_000);

let receiver: HookReceiver;
let directory: TemporaryDirectory;
let channel: Channel;

beforeAll(async () => {
  receiver = await HookReceiver.start();
});

afterAll(() => receiver.stop());

beforeEach(() => {
  directory = temporaryDirectory('hooks');
  receiver.requests.length = 0;
  file('secret', SECRET);
});

afterEach(async () => {
  await channel.close();
  directory.remove();
});

function file(name: string, content: string): string {
  const path = `${directory.path}/${name}`;
  writeFileSync(path, `${content}\n`);
  return path;
}

function open(settings: object, address = ''): Channel {
  const hook = address === '' ? {} : { urlFile: file('url', `${receiver.origin}${address}`) };
  channel = channelOf({ ...hook, tls: { caFile: receiver.caFile }, ...settings });
  return channel;
}

const sent = () => JSON.parse(receiver.last.body.toString());
const send = (alerts = 1, changes = {}) => channel.send(notification(alerts, changes), SIGNAL);
const ASIDE = [
  { name: 'Wang', mentions: { dingtalk: '13800000000', feishu: 'ou_18eac85d', wecom: 'wangwei', slack: 'U012AB3CD' } },
];

describe('DingTalk', () => {
  const open_ = () =>
    open({ type: 'dingtalk', secretFile: `${directory.path}/secret` }, `/robot/send?access_token=${TOKEN}`);

  /** As the service does: the body of a 200 says whether it was taken. */
  function service({ url, body, headers }: HookRequest) {
    const timestamp = url.searchParams.get('timestamp') ?? '';
    const signature = url.searchParams.get('sign') ?? '';
    const said = (errcode: number, errmsg: string) => ({ body: { errcode, errmsg } });
    if (!headers['content-type']?.startsWith('application/json'))
      return said(43004, 'invalid http header Content-Type');
    if (url.searchParams.get('access_token') !== TOKEN) return said(300005, 'token is not exist');
    if (Math.abs(Date.now() - Number(timestamp)) > HOUR_MILLIS) return said(310000, 'invalid timestamp');
    if (!isRightlySigned({ kind: 'dingtalk', secret: SECRET, timestamp, signature }))
      return said(310000, 'sign not match');
    if (body.length > 20_000) return said(460101, 'message too long, exceed 20000 bytes');
    return said(0, 'ok');
  }

  test('takes a signed message, with whom it is for', async () => {
    receiver.service = service;
    open_();
    await send(2, { people: ASIDE });
    expect(sent()).toMatchObject({ msgtype: 'markdown', at: { atMobiles: ['13800000000'], isAtAll: false } });
    expect(sent().markdown.title).toBe('dbaudit: 2 alerts fire, worst level: High');
    expect(sent().markdown.text).toMatch(/@13800000000[\s\S]*Rule db\.ddl\.drop: SELECT by app/);
  });

  test('a message about a thousand alerts is cut, and says so', async () => {
    receiver.service = service;
    open_();
    await send(1000);
    expect(receiver.last.body.length).toBeGreaterThan(15_000);
    expect(sent().markdown.text).toMatch(/… and \d{3} more alerts not shown here/);
  });

  test('its refusals are told apart, and no secret is in them', async () => {
    open_();
    const refused = async (errcode: number, errmsg: string) => {
      receiver.service = ({ url }) => ({ body: { errcode, errmsg: `${errmsg} ${url.href}` } });
      return await problemOf(send());
    };
    expect(await refused(310000, 'sign not match')).toMatchObject({
      name: 'WrongConfiguration',
      nextStep: /secretFile/,
    });
    expect(await refused(310000, 'keywords not in content')).toMatchObject({ nextStep: /keywords/ });
    expect(await refused(300005, 'token is not exist')).toMatchObject({ nextStep: /urlFile/ });
    expect(await refused(-1, 'system busy')).toMatchObject({ name: 'TryAgain' });
    expect(await refused(430102, 'bad text')).toMatchObject({ name: 'PoisonBatch' });
    expect(await refused(123456, 'something new')).toMatchObject({ name: 'TryAgain' });
    const limited = await refused(130101, 'send too fast, exceed 20 times per minute');
    expect(limited).toMatchObject({ name: 'TryAgain', afterMillis: 600_000 });
    const sign = receiver.last.url.searchParams.get('sign') ?? '?';
    for (const secret of [TOKEN, SECRET, sign, encodeURIComponent(sign)])
      expect(limited?.message).not.toContain(secret);
    expect(limited?.message).toContain('send too fast');
  });

  test('with a wrong secret the service refuses it: the check is one', async () => {
    receiver.service = service;
    file('secret', 'SECwrong');
    open_();
    expect(await problemOf(send())).toMatchObject({ message: /sign not match/ });
  });
});

describe('Feishu', () => {
  const HOOK = '/open-apis/bot/v2/hook/2e2d8a6c-59f1-4bcd-9cb4-1b2c3d4e5f60';
  const open_ = () => open({ type: 'feishu', language: 'zh', secretFile: `${directory.path}/secret` }, HOOK);

  function service({ url, body }: HookRequest) {
    const said = (code: number, msg: string) => ({ body: { code, msg, data: {} } });
    if (url.pathname !== HOOK) return said(19001, 'param invalid: incoming webhook access token invalid');
    if (body.length > 20_480) return said(9499, 'Bad Request');
    const { timestamp, sign, msg_type: type } = JSON.parse(body.toString());
    const isNow = Math.abs(Date.now() / 1000 - Number(timestamp)) < 3600;
    if (!isNow || !isRightlySigned({ kind: 'feishu', secret: SECRET, timestamp, signature: sign }))
      return said(19021, 'sign match fail or timestamp is not within one hour from current time');
    return type === 'interactive' ? said(0, 'success') : said(9499, 'Bad Request');
  }

  test('takes a signed card in Chinese, in which names are plain text', async () => {
    receiver.service = service;
    open_();
    await send(1, { people: ASIDE, kind: 'escalation' });
    const { card } = sent();
    expect(card.header).toEqual({
      template: 'red',
      title: { tag: 'plain_text', content: 'dbaudit: 高 · Rule db.ddl.drop (触发)' },
    });
    expect(card.elements[0].text).toEqual({ tag: 'lark_md', content: '<at id=ou_18eac85d></at>' });
    expect(JSON.stringify(card.elements.slice(1))).not.toContain('lark_md');
  });

  test('a message about a thousand alerts is cut, and says so', async () => {
    receiver.service = service;
    open_();
    await send(1000);
    expect(sent().card.elements.at(-1).text.content).toMatch(/^……另有 \d{3} 条告警/);
  });

  test('its refusals are told apart, and no secret is in them', async () => {
    open_();
    const refused = async (code: number, msg: string) => {
      receiver.service = ({ url }) => ({ body: { code, msg: `${msg} ${url.pathname}` } });
      return await problemOf(send());
    };
    expect(await refused(19021, 'sign match fail')).toMatchObject({
      name: 'WrongConfiguration',
      nextStep: /secretFile/,
    });
    expect(await refused(19022, 'Ip Not Allowed')).toMatchObject({ name: 'WrongConfiguration' });
    expect(await refused(19024, 'Key Words Not Found')).toMatchObject({ name: 'WrongConfiguration' });
    expect(await refused(9499, 'Bad Request')).toMatchObject({ name: 'PoisonBatch' });
    const limited = await refused(11232, 'frequency limited');
    expect(limited).toMatchObject({ name: 'TryAgain', afterMillis: 60_000 });
    expect(limited?.message).not.toContain('2e2d8a6c');
  });

  test('with a wrong secret the service refuses it: the check is one', async () => {
    receiver.service = service;
    file('secret', 'wrong');
    open_();
    expect(await problemOf(send())).toMatchObject({ message: /sign match fail/ });
  });
});

describe('WeCom', () => {
  const KEY = '693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa';
  const open_ = () => open({ type: 'wecom', language: 'zh' }, `/cgi-bin/webhook/send?key=${KEY}`);

  function service({ url, body }: HookRequest) {
    const said = (errcode: number, errmsg: string) => ({ body: { errcode, errmsg } });
    if (url.searchParams.get('key') !== KEY) return said(93000, 'invalid webhook url');
    const { msgtype, markdown } = JSON.parse(body.toString());
    if (msgtype !== 'markdown') return said(40008, 'invalid message type');
    if (Buffer.byteLength(markdown.content) > 4096) return said(40058, 'markdown.content exceed max length 4096');
    return said(0, 'ok');
  }

  test('takes Markdown, cut to 4096 bytes where it is longer', async () => {
    receiver.service = service;
    open_();
    await send(1, { people: ASIDE });
    expect(sent().markdown.content).toContain('<@wangwei>');
    await send(1000);
    const { content } = sent().markdown;
    expect(content).toMatch(/……另有 \d{3} 条告警因长度限制未列出$/);
    expect(Buffer.byteLength(content)).toBeGreaterThan(3_000);
  });

  test('its refusals are told apart, and the key is not in them', async () => {
    open_();
    const refused = async (errcode: number, errmsg: string) => {
      receiver.service = () => ({ body: { errcode, errmsg: `${errmsg}, key ${KEY}` } });
      return await problemOf(send());
    };
    const limited = await refused(45009, 'api freq out of limit');
    expect(limited).toMatchObject({
      name: 'TryAgain',
      afterMillis: 60_000,
      message: 'WeCom: refuses with code 45009: api freq out of limit, key ***',
    });
    expect(await refused(93000, 'invalid webhook url')).toMatchObject({ name: 'WrongConfiguration' });
    expect(await refused(40058, 'exceed max length')).toMatchObject({ name: 'PoisonBatch' });
  });
});

describe('Slack', () => {
  const HOOK = '/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX';
  const open_ = () => open({ type: 'slack' }, HOOK);

  function service({ url, body }: HookRequest) {
    if (url.pathname !== HOOK) return { status: 404, body: 'no_service' };
    const { text, blocks } = JSON.parse(body.toString());
    if (text === undefined) return { status: 400, body: 'no_text' };
    const isRight =
      blocks.length <= 50 && blocks.every((block: { text: { text: string } }) => block.text.text.length <= 3000);
    return isRight ? { body: 'ok' } : { status: 400, body: 'invalid_blocks' };
  }

  test('takes blocks in which names are plain text', async () => {
    receiver.service = service;
    open_();
    await send(1, { people: ASIDE });
    const { blocks, text } = sent();
    expect(text).toBe('dbaudit: High · Rule db.ddl.drop (firing)');
    expect(blocks.map(({ text }: { text: { type: string } }) => text.type)).toEqual([
      'plain_text',
      'mrkdwn',
      'plain_text',
      'plain_text',
    ]);
    await send(1000);
    expect(sent().blocks.at(-1).text.text).toBe('… and 954 more alerts not shown here for want of room');
  });

  test('its refusals are told apart, and the hook is not in them', async () => {
    open_();
    const refused = async (status: number, body: string, headers = {}) => {
      receiver.service = () => ({ status, body, headers });
      return await problemOf(send());
    };
    const limited = await refused(429, `rate_limited ${HOOK}`, { 'retry-after': '30' });
    expect(limited).toMatchObject({ name: 'TryAgain', afterMillis: 30_000 });
    expect(limited?.message).not.toMatch(/T00000000|XXXXX/);
    expect(await refused(400, 'invalid_payload')).toMatchObject({ name: 'PoisonBatch' });
    expect(await refused(404, 'no_service')).toMatchObject({ name: 'WrongConfiguration' });
    expect(await refused(410, 'channel_is_archived')).toMatchObject({ name: 'WrongConfiguration' });
    expect(await refused(500, 'rollup_error')).toMatchObject({ name: 'TryAgain' });
    const redirected = await refused(302, '', { location: `${receiver.origin}${HOOK}?again=1` });
    expect(redirected).toMatchObject({ name: 'WrongConfiguration' });
    expect(redirected?.message).not.toMatch(/T00000000|XXXXX/);
  });

  test('an address that is none, or not over TLS, is said by its file alone', async () => {
    channel = channelOf({ type: 'slack', urlFile: file('url', 'http://hooks.slack.com/services/T0/B0/SECRETSECRET') });
    const problem = await problemOf(send());
    expect(problem).toMatchObject({ name: 'WrongConfiguration', message: /url does not hold an address/ });
    expect(problem?.message).not.toContain('SECRET');
  });

  test('a receiver whose certificate is not known gets nothing', async () => {
    receiver.service = service;
    channel = channelOf({ type: 'slack', urlFile: file('url', `${receiver.origin}${HOOK}`) });
    expect(await problemOf(send())).toMatchObject({ name: 'WrongConfiguration', message: /certificate/ });
    expect(receiver.requests).toEqual([]);
  });
});

describe('webhook', () => {
  const open_ = (settings = {}) =>
    open({ type: 'webhook', url: `${receiver.origin}/alerts`, secretFile: `${directory.path}/secret`, ...settings });

  function service({ headers, body }: HookRequest) {
    const timestamp = String(headers['dbaudit-timestamp']);
    const signature = String(headers['dbaudit-signature']);
    const isRight = isRightlySigned({ kind: 'webhook', secret: SECRET, timestamp, signature, body });
    const isNow = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300;
    return isRight && isNow ? { status: 204, body: '' } : { status: 401, body: 'signature' };
  }

  test('sends signed JSON with the alerts', async () => {
    receiver.service = service;
    open_({ headers: { 'x-team': 'dba' } });
    await send(2);
    expect(receiver.last.headers).toMatchObject({
      'x-team': 'dba',
      'dbaudit-notification': '01JDNOTIFICATION0000000001',
    });
    expect(sent()).toMatchObject({
      version: 1,
      kind: 'alerts',
      omitted: 0,
      merged: 1,
      alerts: [{ id: '01JDALERT0', state: 'firing' }, {}],
    });
    expect(sent().alerts[0]).not.toHaveProperty('facts');
  });

  test('with a wrong secret the receiver refuses it: the check is one', async () => {
    receiver.service = service;
    file('secret', 'wrong');
    open_();
    expect(await problemOf(send())).toMatchObject({ name: 'WrongConfiguration', message: /answers 401/ });
  });

  test('a token is sent, read anew for each message, and shown nowhere', async () => {
    receiver.service = ({ headers }) => ({ status: 503, body: `away ${headers.authorization}` });
    open_({ bearerFile: file('token', 'token-one-1234') });
    expect((await problemOf(send()))?.message).not.toContain('token-one');
    file('token', 'token-two-1234');
    await problemOf(send());
    expect(receiver.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-one-1234',
      'Bearer token-two-1234',
    ]);
  });
});
