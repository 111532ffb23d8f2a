import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { CertificateAuthority } from '../cluster/certificates.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../leftovers.ts';
import { freePort } from './free-port.ts';
import {
  type Behaviour,
  type ReceivedRequest,
  type ReceiverSettings,
  receivedRequestSchema,
} from './ndjson-receiver/behaviour.ts';
import { ServerProcess } from './server-process.ts';

const PROGRAM = join(import.meta.dirname, 'ndjson-receiver/main.ts');
const POLL_MILLIS = 20;
/** For hangs alone. */
const REQUEST_LIMIT_MILLIS = 120_000;

export interface NdjsonReceiverOptions {
  /** `mutual`: clients have to show a certificate of `authority`. Default: none. */
  readonly tls?: 'none' | 'server' | 'mutual';
  /** The token in it is asked for; read for each request. */
  readonly bearerFile?: string;
}

/**
 * A receiver of the http sink as a process of its own, on loopback. What it acknowledged is in its ledger and outlives its
 * being killed. It takes some 50,000 lines of 1 KB a second.
 */
export class NdjsonReceiver {
  readonly port: number;
  readonly #settings: ReceiverSettings;
  readonly #directory: TemporaryDirectory;
  readonly #authority: CertificateAuthority | undefined;
  #process: ServerProcess | undefined;

  private constructor(
    settings: ReceiverSettings,
    directory: TemporaryDirectory,
    authority: CertificateAuthority | undefined,
  ) {
    this.#settings = settings;
    this.#directory = directory;
    this.#authority = authority;
    this.port = settings.port;
  }

  static async start({ tls = 'none', bearerFile }: NdjsonReceiverOptions = {}): Promise<NdjsonReceiver> {
    const directory = temporaryDirectory('ndjson-receiver');
    try {
      const authority = tls === 'none' ? undefined : authorityIn(`${directory.path}/certificates`);
      const settings: ReceiverSettings = {
        port: await freePort(),
        controlPort: await freePort(),
        ledgerFile: `${directory.path}/ledger.ndjson`,
        ...(bearerFile === undefined ? {} : { bearerFile }),
        ...(authority === undefined
          ? {}
          : {
              tls: {
                certFile: authority.path('receiver.crt'),
                keyFile: authority.path('receiver.key'),
                ...(tls === 'mutual' ? { clientCaFile: authority.path('ca.crt') } : {}),
              },
            }),
      };
      const receiver = new NdjsonReceiver(settings, directory, authority);
      await receiver.restart();
      return receiver;
    } catch (error) {
      directory.remove();
      throw error;
    }
  }

  /** For the sink. */
  get url(): string {
    return `${this.#authority === undefined ? 'http' : 'https'}://localhost:${this.port}/events`;
  }

  get pid(): number {
    if (this.#process === undefined) throw new Error('the receiver does not run');
    return this.#process.pid;
  }

  /** Every line that was taken, repeats too, each with its newline. Grows while the receiver runs. */
  get ledgerFile(): string {
    return this.#settings.ledgerFile;
  }

  /** Signed the receiver's certificate (`path('ca.crt')`), and `client.crt` and `client.key`. */
  get authority(): CertificateAuthority {
    if (this.#authority === undefined) throw new Error('this receiver has no TLS');
    return this.#authority;
  }

  /** From now on, until another is set or the receiver is started again. */
  async behave(behaviour: Behaviour): Promise<void> {
    await this.#ask('PUT', '/behaviour', JSON.stringify(behaviour));
  }

  /** The last thousand since it was started, the oldest first. Those that it never answered have the status 0. */
  async requests(): Promise<ReceivedRequest[]> {
    return receivedRequestSchema.array().parse(JSON.parse(await this.#ask('GET', '/requests')));
  }

  /** Calls `visit` with each line that was taken, without its newline. */
  async readLedger(visit: (line: string) => void): Promise<void> {
    const input = createReadStream(this.ledgerFile);
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) visit(line);
  }

  /** All lines that were taken; for small tests. */
  async lines(): Promise<string[]> {
    const lines: string[] = [];
    await this.readLedger((line) => lines.push(line));
    return lines;
  }

  /** SIGKILL; settles when it is gone. What it acknowledged stays. */
  async kill9(): Promise<void> {
    const running = this.#process;
    if (running === undefined) return;
    process.kill(running.pid, 'SIGKILL');
    await running.stop();
    this.#process = undefined;
  }

  /** On the same port, with the same ledger; settles when it answers. It takes everything again, whatever it was told before. */
  async restart(): Promise<void> {
    this.#process = await ServerProcess.start(
      {
        program: process.execPath,
        arguments: ['--no-warnings', PROGRAM, JSON.stringify(this.#settings)],
        logFile: `${this.#directory.path}/receiver.log`,
        environment: {},
      },
      () =>
        this.requests().then(
          () => true,
          () => false,
        ),
    );
  }

  /** Ends it and removes its directory; safe to call twice. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
    this.#directory.remove();
  }

  /** Settles when at least `count` requests have come since it was started. */
  async waitForRequests(count: number): Promise<void> {
    while ((await this.requests()).length < count) await sleep(POLL_MILLIS);
  }

  async #ask(method: string, path: string, body?: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#settings.controlPort}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(REQUEST_LIMIT_MILLIS),
    });
    return await response.text();
  }
}

function authorityIn(directory: string): CertificateAuthority {
  const authority = new CertificateAuthority(directory);
  authority.issue('receiver', '/CN=receiver', ['DNS:localhost', 'IP:127.0.0.1']);
  authority.issue('client', '/CN=dbaudit-agent');
  return authority;
}
