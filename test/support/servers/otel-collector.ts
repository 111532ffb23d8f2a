import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { CertificateAuthority } from '../cluster/certificates.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../leftovers.ts';
import { FETCHED_SERVERS } from './fetched-servers.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

const VERSION = '0.150.0';
/** Core has its own version of what is stable. */
const STABLE_VERSION = '1.56.0';
const CORE = 'go.opentelemetry.io/collector';
const POLL_MILLIS = 50;

/** Where `tools/prepare-integration.ts` builds it, and with what. https://opentelemetry.io/docs/collector/extend/ocb/ */
export const COLLECTOR_DIRECTORY = join(FETCHED_SERVERS, `otel-collector-${VERSION}`);
export const COLLECTOR_BUILDER = `${CORE}/cmd/builder@v${VERSION}`;

/** What is built in, as JSON, which is YAML too: no more than receives logs and hands them on. */
export function collectorManifest(directory: string): string {
  return JSON.stringify({
    dist: { name: 'otelcol', output_path: directory, version: VERSION },
    receivers: [{ gomod: `${CORE}/receiver/otlpreceiver v${VERSION}` }],
    exporters: [{ gomod: `${CORE}/exporter/otlphttpexporter v${VERSION}` }],
    // Without the one for the environment it does not start.
    providers: ['file', 'env'].map((kind) => ({
      gomod: `${CORE}/confmap/provider/${kind}provider v${STABLE_VERSION}`,
    })),
  });
}

const attributes = z.array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })).default([]);
/** `ExportLogsServiceRequest` as the collector writes it; strict, so that a field it gives back is a field it knows. */
const exportSchema = z.strictObject({
  resourceLogs: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }).default({ attributes: [] }),
      scopeLogs: z.array(
        z.strictObject({
          scope: z.looseObject({ name: z.string().optional(), version: z.string().optional() }).optional(),
          logRecords: z.array(
            z.strictObject({
              timeUnixNano: z.string(),
              observedTimeUnixNano: z.string(),
              severityNumber: z.int(),
              severityText: z.string(),
              eventName: z.string().optional(),
              body: z.strictObject({ stringValue: z.string() }),
              attributes,
            }),
          ),
        }),
      ),
    }),
  ),
});

/** A log record as a backend has it from the collector. */
export interface ReceivedRecord {
  readonly time: string;
  readonly observedTime: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string | undefined;
  readonly body: string;
  readonly scope: string;
  /** By key: OTLP's own writing of values, `{ "intValue": "3" }`. */
  readonly attributes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly resource: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Why there is no collector here; undefined where there is one. */
export function whyNoCollector(): string | undefined {
  return existsSync(join(COLLECTOR_DIRECTORY, 'otelcol'))
    ? undefined
    : 'the OpenTelemetry collector is not here; run tools/prepare-integration.ts, which needs Go';
}

/**
 * A real OpenTelemetry collector that takes logs over OTLP/HTTP on loopback. What it has taken it hands on at once, before it
 * acknowledges, to a backend in this process, from which it is read back.
 */
export class OtelCollector {
  readonly port: number;
  readonly records: ReceivedRecord[] = [];
  readonly #tls: CertificateAuthority | undefined;
  readonly #directory: TemporaryDirectory;
  readonly #backend: Server;
  /** What the backend answers, which the collector passes on. */
  #backendStatus = 200;
  #process: ServerProcess | undefined;

  private constructor(port: number, directory: TemporaryDirectory, tls: CertificateAuthority | undefined) {
    this.port = port;
    this.#directory = directory;
    this.#tls = tls;
    this.#backend = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const answer = (status: number, message: string) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ message }));
      };
      try {
        if (this.#backendStatus === 200) this.#keep(Buffer.concat(chunks).toString());
        answer(this.#backendStatus, '');
      } catch (error) {
        // The test sees it as the answer to its write.
        answer(400, String(error));
      }
    });
  }

  /** `mutual`: clients have to show a certificate of `authority`. */
  static async start(tls: 'none' | 'server' | 'mutual' = 'none'): Promise<OtelCollector> {
    const directory = temporaryDirectory('otel-collector');
    const authority = tls === 'none' ? undefined : new CertificateAuthority(`${directory.path}/certificates`);
    authority?.issue('collector', '/CN=collector', ['DNS:localhost', 'IP:127.0.0.1']);
    authority?.issue('client', '/CN=dbaudit-agent');
    const collector = new OtelCollector(await freePort(), directory, authority);
    try {
      collector.#writeConfiguration(await collector.#startBackend(), tls === 'mutual');
      await collector.restart();
      return collector;
    } catch (error) {
      await collector.stop();
      throw error;
    }
  }

  /** Without a path. */
  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://localhost:${this.port}`;
  }

  get pid(): number {
    if (this.#process === undefined) throw new Error('the collector does not run');
    return this.#process.pid;
  }

  get authority(): CertificateAuthority {
    if (this.#tls === undefined) throw new Error('this collector has no TLS');
    return this.#tls;
  }

  /** From now on the backend behind it answers this, and takes nothing unless it is 200. */
  backendAnswers(status: number): void {
    this.#backendStatus = status;
  }

  async waitForRecords(count: number): Promise<void> {
    while (this.records.length < count) await sleep(POLL_MILLIS);
  }

  /** SIGKILL; settles when it is gone. */
  async kill9(): Promise<void> {
    if (this.#process === undefined) return;
    process.kill(this.#process.pid, 'SIGKILL');
    await this.#process.stop();
    this.#process = undefined;
  }

  /** On the same port; settles when it answers. */
  async restart(): Promise<void> {
    this.#process = await ServerProcess.start(
      {
        program: join(COLLECTOR_DIRECTORY, 'otelcol'),
        arguments: ['--config', `file:${this.#directory.path}/collector.json`],
        logFile: `${this.#directory.path}/collector.log`,
      },
      () => listens(this.port),
    );
  }

  /** Ends it and its backend and removes its directory; safe to call twice. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
    this.#backend.closeAllConnections();
    this.#backend.close();
    this.#directory.remove();
  }

  #writeConfiguration(backendPort: number, wantsClientCertificate: boolean): void {
    const authority = this.#tls;
    const tls = authority && {
      cert_file: authority.path('collector.crt'),
      key_file: authority.path('collector.key'),
      ...(wantsClientCertificate ? { client_ca_file: authority.path('ca.crt') } : {}),
    };
    const receiver = { endpoint: `127.0.0.1:${this.port}`, ...(tls === undefined ? {} : { tls }) };
    const exporter = {
      logs_endpoint: `http://127.0.0.1:${backendPort}/v1/logs`,
      encoding: 'json',
      compression: 'none',
      // Acknowledged is what the backend has, and its refusal is the collector's.
      sending_queue: { enabled: false },
      retry_on_failure: { enabled: false },
    };
    const configuration = {
      receivers: { otlp: { protocols: { http: receiver } } },
      exporters: { otlphttp: exporter },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { logs: { receivers: ['otlp'], exporters: ['otlphttp'] } },
      },
    };
    writeFileSync(`${this.#directory.path}/collector.json`, JSON.stringify(configuration));
  }

  #startBackend(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#backend.once('error', reject);
      this.#backend.listen(0, '127.0.0.1', () => {
        const address = this.#backend.address();
        if (address === null || typeof address === 'string') reject(new Error('no port was given'));
        else resolve(address.port);
      });
    });
  }

  #keep(json: string): void {
    for (const { resource, scopeLogs } of exportSchema.parse(JSON.parse(json)).resourceLogs) {
      for (const { scope, logRecords } of scopeLogs) {
        for (const record of logRecords) {
          this.records.push({
            time: record.timeUnixNano,
            observedTime: record.observedTimeUnixNano,
            severityNumber: record.severityNumber,
            severityText: record.severityText,
            eventName: record.eventName,
            body: record.body.stringValue,
            scope: `${scope?.name} ${scope?.version}`,
            attributes: byKey(record.attributes),
            resource: byKey(resource.attributes),
          });
        }
      }
    }
  }
}

function byKey(list: z.infer<typeof attributes>): Record<string, Record<string, unknown>> {
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
