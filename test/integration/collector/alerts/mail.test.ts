import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { HookReceiver } from '../../../support/alerts/hook-receiver.ts';
import { channelOf, notification, problemOf } from '../../../support/alerts/notifications.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/leftovers.ts';
import { freePort } from '../../../support/servers/free-port.ts';

const PASSWORD = 'correct horse battery staple';
const SIGNAL = AbortSignal.timeout(60_000);

interface Received {
  readonly secure: boolean;
  readonly user: unknown;
  readonly to: string[];
  readonly message: string;
}

/** For its certificate. */
let certificates: HookReceiver;
let directory: TemporaryDirectory;
let received: Received[];

beforeAll(async () => {
  certificates = await HookReceiver.start();
  directory = temporaryDirectory('mail');
  writeFileSync(`${directory.path}/password`, `${PASSWORD}\n`);
});

afterAll(async () => {
  await certificates.stop();
  directory.remove();
});

beforeEach(() => {
  received = [];
});

/** A submission server that wants TLS and a password; `work` is done while it runs. */
async function withServer(options: SMTPServerOptions, work: (port: number) => Promise<void>): Promise<void> {
  const server = new SMTPServer({
    ...certificates.certificate,
    logger: false,
    onAuth: ({ username, password }, _session, done) =>
      username === 'audit' && password === PASSWORD
        ? done(null, { user: username })
        : done(Object.assign(new Error(`no such account with ${password}`), { responseCode: 535 })),
    onData: async (stream, { secure, user, envelope }, done) => {
      const message = await text(stream);
      received.push({ secure, user, to: envelope.rcptTo.map(({ address }) => address), message });
      done();
    },
    ...options,
  });
  server.on('error', () => undefined);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  try {
    await work(port);
  } finally {
    await new Promise<void>((resolve) => server.close(resolve));
  }
}

function channel(port: number, settings: object = {}) {
  return channelOf({
    type: 'mail',
    host: 'localhost',
    port,
    username: 'audit',
    passwordFile: `${directory.path}/password`,
    from: 'audit@example.com',
    to: ['dba@example.com', 'soc@example.com'],
    tls: { caFile: certificates.caFile },
    ...settings,
  });
}

/** Subject and text, by Python's own reader of mail. */
function readMail(message: string): string {
  const program =
    'import sys, email, email.policy; m = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default); print(m["subject"]); print(m.get_content())';
  const environment = { ...process.env, PYTHONIOENCODING: 'utf-8' };
  return execFileSync('python3', ['-c', program], { input: message, encoding: 'utf8', env: environment });
}

test('over STARTTLS, with a password, in Chinese', async () => {
  await withServer({}, async (port) => {
    expect(await channel(port, { language: 'zh' }).send(notification(1), SIGNAL)).toBeUndefined();
  });
  const [mail] = received;
  expect(mail).toMatchObject({ secure: true, user: 'audit', to: ['dba@example.com', 'soc@example.com'] });
  expect(mail?.message).toMatch(/^Message-ID: <01JDNOTIFICATION0000000001@example\.com>\r$/m);
  expect(mail?.message).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  const read = readMail(mail?.message ?? '');
  expect(read).toMatch(/^dbaudit: 高 · Rule db\.ddl\.drop \(触发\)\n/);
  expect(read).toMatch(/账号 app，来自 10\.244\.0\.7/);
});

test('over TLS from the first byte', async () => {
  await withServer({ secure: true }, async (port) => {
    await channel(port, { security: 'tls' }).send(notification(3), SIGNAL);
  });
  expect(received[0]?.secure).toBe(true);
});

test('a server without STARTTLS gets neither the password nor the mail', async () => {
  await withServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'], allowInsecureAuth: true }, async (port) => {
    expect(await problemOf(channel(port).send(notification(1), SIGNAL))).toMatchObject({
      name: 'WrongConfiguration',
      message: /STARTTLS/,
    });
  });
  expect(received).toEqual([]);
});

test('a wrong password is a mistake to mend, and is not shown though the server repeats it', async () => {
  writeFileSync(`${directory.path}/wrong`, 'hunter22222\n');
  await withServer({}, async (port) => {
    const problem = await problemOf(
      channel(port, { passwordFile: `${directory.path}/wrong` }).send(notification(1), SIGNAL),
    );
    expect(problem).toMatchObject({ name: 'WrongConfiguration', nextStep: /passwordFile/ });
    expect(problem?.message).toMatch(/no such account with \*\*\*/);
  });
});

test('a certificate that is not known is refused', async () => {
  await withServer({}, async (port) => {
    const problem = await problemOf(channel(port, { tls: undefined }).send(notification(1), SIGNAL));
    expect(problem).toMatchObject({ name: 'WrongConfiguration', message: /certificate/ });
  });
  expect(received).toEqual([]);
});

test('one that is busy is tried again, one that refuses the content is not', async () => {
  const answer = (responseCode: number, words: string): SMTPServerOptions => ({
    onData: (stream, _session, done) => {
      stream.resume();
      stream.on('end', () => done(Object.assign(new Error(words), { responseCode })));
    },
  });
  await withServer(answer(451, 'try later'), async (port) => {
    expect(await problemOf(channel(port).send(notification(1), SIGNAL))).toMatchObject({ name: 'TryAgain' });
  });
  await withServer(answer(554, 'spam'), async (port) => {
    expect(await problemOf(channel(port).send(notification(1), SIGNAL))).toMatchObject({ name: 'PoisonBatch' });
  });
  expect(await problemOf(channel(await freePort()).send(notification(1), SIGNAL))).toMatchObject({ name: 'TryAgain' });
});

test('of several addresses, those that are refused are counted', async () => {
  const onRcptTo: SMTPServerOptions['onRcptTo'] = ({ address }, _session, done) =>
    address === 'soc@example.com' ? done(Object.assign(new Error('unknown'), { responseCode: 550 })) : done();
  await withServer({ onRcptTo }, async (port) => {
    expect(await channel(port).send(notification(1), SIGNAL)).toBe('refused for 1 of 2 addresses');
  });
  expect(received[0]?.to).toEqual(['dba@example.com']);
});
