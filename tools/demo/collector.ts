import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { API_PATH, INGEST_PATH, reportSchema, statusSchema, totalsAnswerSchema } from '../../contract/collector-api.ts';
import { endWithUs, temporaryDirectory } from '../../test/support/leftovers.ts';
import { freePort } from '../../test/support/servers/free-port.ts';
import { bundleWeb, WEB_DIRECTORY } from '../web-bundle.ts';

/** For hangs alone. */
const START_LIMIT_MILLIS = 60_000;
const LOOK_MILLIS = 200;
const DAY_MILLIS = 86_400_000;
const TOKEN_BYTES = 16;

/** A collector on this machine, for whoever has its token. */
export class DemoCollector {
  readonly url: string;
  readonly token: string;
  readonly #end: () => Promise<void>;

  private constructor(url: string, token: string, end: () => Promise<void>) {
    this.url = url;
    this.token = token;
    this.#end = end;
  }

  static async start(): Promise<DemoCollector> {
    if (!existsSync(WEB_DIRECTORY)) await bundleWeb();
    const directory = temporaryDirectory('demo-collector');
    const token = randomBytes(TOKEN_BYTES).toString('hex');
    const tokenFile = join(directory.path, 'token');
    writeFileSync(tokenFile, token, { mode: 0o600 });
    const port = await freePort();
    const config = {
      address: '127.0.0.1',
      port,
      directory: join(directory.path, 'data'),
      webDirectory: join(process.cwd(), WEB_DIRECTORY),
      access: { type: 'token', tokenFile },
      // All of it is gone in a minute.
      store: { encrypt: false },
      logLevel: 'error',
    };
    const configFile = join(directory.path, 'collector.yaml');
    writeFileSync(configFile, JSON.stringify(config));
    const child = spawn(process.execPath, ['--no-warnings', 'collector/main.ts', 'run', '--config', configFile], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    endWithUs(child);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const collector = new DemoCollector(`http://127.0.0.1:${port}`, token, async () => {
      child.kill('SIGTERM');
      await ended;
      directory.remove();
    });
    await collector.#answers(ended);
    return collector;
  }

  /** As an agent's http sink does. */
  async take(events: readonly AuditEvent[]): Promise<void> {
    const body = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    const answer = await fetch(`${this.url}${INGEST_PATH}`, {
      method: 'POST',
      body,
      headers: this.#headers('application/x-ndjson'),
    });
    const { acknowledged, refused } = z
      .object({ acknowledged: z.int(), refused: z.array(z.unknown()) })
      .parse(await answer.json());
    if (acknowledged !== events.length || refused.length > 0)
      throw new Error(`the collector took ${acknowledged} of ${events.length} events`);
  }

  async status() {
    return statusSchema.parse(await (await this.#get('/status')).json());
  }

  /** The figures of the last day. */
  async totals() {
    return totalsAnswerSchema.parse(await this.#ask('/totals', { range: lastDay() })).totals;
  }

  /** Has the day's report made; gives where it is read. */
  async dayReport(): Promise<string> {
    const { id } = reportSchema.parse(await this.#ask('/reports', { kind: 'day', range: lastDay() }));
    return `${this.url}${API_PATH}/reports/${id}.html`;
  }

  stop(): Promise<void> {
    return this.#end();
  }

  async #answers(ended: Promise<unknown>): Promise<void> {
    let gone = false;
    void ended.then(() => {
      gone = true;
    });
    for (const until = Date.now() + START_LIMIT_MILLIS; Date.now() < until && !gone; await sleep(LOOK_MILLIS)) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
    }
    throw new Error('the collector did not start; what it said is above');
  }

  #get(path: string): Promise<Response> {
    return fetch(`${this.url}${API_PATH}${path}`, { headers: this.#headers('application/json') });
  }

  async #ask(path: string, body: object): Promise<unknown> {
    const headers = this.#headers('application/json');
    const answer = await fetch(`${this.url}${API_PATH}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers,
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  #headers(contentType: string): Record<string, string> {
    return { authorization: `Bearer ${this.token}`, 'content-type': contentType };
  }
}

function lastDay(): { readonly from: number; readonly to: number } {
  const to = Date.now() + LOOK_MILLIS;
  return { from: to - DAY_MILLIS, to };
}
