import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CertificateAuthority } from '../cluster/certificates.ts';
import { temporaryDirectory } from '../leftovers.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

/** Debian puts it where users' PATH does not lead. */
const PROGRAM = '/usr/sbin/rsyslogd';
const TLS_DRIVER = '/usr/lib/rsyslog/lmnsd_gtls.so';
const MULTIARCH_TLS_DRIVERS = ['x86_64', 'aarch64'].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/rsyslog/lmnsd_gtls.so`,
);
/** The name in the certificate of clients that may send. */
const PERMITTED_CLIENT = 'agent.test';
const FIELDS = 6;

export interface RsyslogOptions {
  /** Takes TLS alone, from clients with a certificate for `agent.test`. */
  readonly tls?: boolean;
  /** Default: rsyslog's own, 8 KiB. */
  readonly maxMessageSize?: string;
}

/** One message as rsyslog understood it. */
interface SyslogMessage {
  readonly priority: number;
  readonly timestamp: string;
  readonly hostname: string;
  readonly appName: string;
  readonly messageId: string;
  readonly text: string;
}

/** A receiver that writes each message to its file before it reads the next: killed, it loses what it had not read. */
export interface Rsyslog {
  readonly port: number;
  readonly pid: number;
  /** Certificates for clients, by file name; only with TLS. */
  readonly tlsFiles: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  /** SIGKILL; settles when it is gone. */
  kill9(): Promise<void>;
  /** On the same port, with what it has received. */
  restart(): Promise<void>;
  /** All messages since the first start, repeats included; those that were cut off by a kill are left out. */
  received(): SyslogMessage[];
  logTail(): string;
  stop(): Promise<void>;
}

/** Why it cannot be started here; undefined where it can. */
export function whyNoRsyslog(): string | undefined {
  if (!existsSync(PROGRAM)) return 'rsyslog is not here; run tools/install-packages.sh test';
  if ([TLS_DRIVER, ...MULTIARCH_TLS_DRIVERS].some((path) => existsSync(path))) return undefined;
  return 'rsyslog-gnutls is not here; run tools/install-packages.sh test';
}

/** On a free loopback port, with octet-counted framing. */
export async function startRsyslog(options: RsyslogOptions = {}): Promise<Rsyslog> {
  const missing = whyNoRsyslog();
  if (missing !== undefined) throw new Error(missing);
  const directory = temporaryDirectory('rsyslog');
  try {
    const port = await freePort();
    const authority = new CertificateAuthority(join(directory.path, 'pki'));
    if (options.tls) {
      authority.issue('server', '/CN=localhost', ['DNS:localhost', 'IP:127.0.0.1']);
      authority.issue('client', `/CN=${PERMITTED_CLIENT}`, [`DNS:${PERMITTED_CLIENT}`]);
    }
    const output = join(directory.path, 'received');
    const file = join(directory.path, 'rsyslog.conf');
    writeFileSync(file, configuration(options, port, directory.path, output, authority));
    const start = () =>
      ServerProcess.start(
        {
          program: PROGRAM,
          arguments: ['-n', '-f', file, '-i', join(directory.path, 'pid')],
          logFile: join(directory.path, 'log'),
        },
        () => accepts(port),
      );
    let server = await start();
    return {
      port,
      get pid() {
        return server.pid;
      },
      tlsFiles: {
        caFile: authority.path('ca.crt'),
        certFile: authority.path('client.crt'),
        keyFile: authority.path('client.key'),
      },
      async kill9() {
        process.kill(server.pid, 'SIGKILL');
        await server.stop();
      },
      async restart() {
        server = await start();
      },
      received: () => (existsSync(output) ? messagesOf(readFileSync(output, 'utf8')) : []),
      logTail: () => server.logTail(),
      async stop() {
        await server.stop();
        directory.remove();
      },
    };
  } catch (error) {
    directory.remove();
    throw error;
  }
}

/** https://www.rsyslog.com/doc/configuration/modules/imtcp.html */
function configuration(
  { tls = false, maxMessageSize }: RsyslogOptions,
  port: number,
  directory: string,
  output: string,
  authority: CertificateAuthority,
): string {
  const global = [
    `workDirectory="${directory}"`,
    ...(maxMessageSize === undefined ? [] : [`maxMessageSize="${maxMessageSize}"`]),
    ...(tls
      ? [
          `defaultNetstreamDriverCAFile="${authority.path('ca.crt')}"`,
          `defaultNetstreamDriverCertFile="${authority.path('server.crt')}"`,
          `defaultNetstreamDriverKeyFile="${authority.path('server.key')}"`,
        ]
      : []),
  ];
  const driver = tls
    ? `StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/name" PermittedPeer=["${PERMITTED_CLIENT}"]`
    : '';
  const fields = '%pri%\\t%timestamp:::date-rfc3339%\\t%hostname%\\t%app-name%\\t%msgid%\\t%msg%';
  // Begins with the line's end: what a kill cut off must not swallow the next message. Without queues in memory.
  return [
    `global(${global.join(' ')})`,
    `module(load="imtcp" ${driver})`,
    `template(name="received" type="string" string="\\n${fields}")`,
    'ruleset(name="received" queue.type="Direct") {',
    `  action(type="omfile" file="${output}" template="received" fileCreateMode="0600")`,
    '}',
    `input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="received")`,
    '',
  ].join('\n');
}

function messagesOf(text: string): SyslogMessage[] {
  return text
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((fields) => fields.length === FIELDS && fields[FIELDS - 1]?.endsWith('}'))
    .map(([priority, timestamp = '', hostname = '', appName = '', messageId = '', message = '']) => ({
      priority: Number(priority),
      timestamp,
      hostname,
      appName,
      messageId,
      text: message,
    }));
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ host: '127.0.0.1', port });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
