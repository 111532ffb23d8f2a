import { HttpClient, type HttpResponse } from '../../../delivery/connection/http-client.ts';
import { httpFailure, webPageFailure } from '../../../delivery/connection/http-failure.ts';
import { readSecretFile } from '../../../delivery/connection/secret-file.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import type { TlsSettings } from '../../../delivery/sinks/sink-fields.ts';

/** Chat services answer in a second; more means that the message is lost on the way. */
const REQUEST_TIMEOUT_MILLIS = 15_000;
/** A path's shorter parts are words such as `hook`; secrets are longer. */
const SHORTEST_SECRET = 8;
const LOOPBACK = /^(localhost|127\..*|\[::1\])$/;

export interface HookRequest {
  readonly body: string;
  /** Added to the URL's own. */
  readonly query?: Readonly<Record<string, string>>;
  /** Beside those of the URL, what must not be shown. */
  readonly secrets?: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * POSTs JSON to a hook: an address that is a secret itself. It is read from its file for each message, so that it can be
 * changed, and no part of it but the host is in any error.
 */
export class Hook {
  readonly #urlFile: string;
  readonly #tls: TlsSettings | undefined;
  /** For the host that the file named last. */
  #client: { readonly origin: string; readonly http: HttpClient } | undefined;

  constructor({ urlFile, tls }: { readonly urlFile: string; readonly tls?: TlsSettings | undefined }) {
    this.#urlFile = urlFile;
    this.#tls = tls;
  }

  /**
   * An answer with a success; what its body says is the caller's business.
   * @throws TryAgain, WrongConfiguration, PoisonBatch
   */
  async post({ body, query = {}, secrets = [], signal }: HookRequest): Promise<HttpResponse> {
    const url = hookUrl(await readSecretFile(this.#urlFile, 'urlFile'), this.#urlFile);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const hidden = [...secretsOf(url), ...secrets].toSorted((a, b) => b.length - a.length);
    const http = await this.#clientFor(url);
    try {
      const response = await http.request({
        method: 'POST',
        path: `${url.pathname}${url.search}`,
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body,
        signal,
      });
      const page = webPageFailure(response, url.origin);
      if (response.status < 200 || response.status >= 300)
        throw httpFailure(response, url.origin, http.harmless(response.body));
      if (page !== undefined) throw page;
      return { ...response, body: Buffer.from(masked(response.body.toString(), hidden)) };
    } catch (error) {
      throw withoutSecrets(error, hidden);
    }
  }

  async close(): Promise<void> {
    await this.#client?.http.close();
  }

  async #clientFor({ origin }: URL): Promise<HttpClient> {
    if (this.#client?.origin !== origin) {
      await this.close();
      const http = new HttpClient({ url: origin, tls: this.#tls, requestTimeoutMillis: REQUEST_TIMEOUT_MILLIS });
      this.#client = { origin, http };
    }
    return this.#client.http;
  }
}

function hookUrl(text: string, file: string): URL {
  const url = URL.parse(text.trim());
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (url !== null && isSafe) return url;
  throw new WrongConfiguration(
    'DBA4008',
    `urlFile: ${file} does not hold an address that begins with https://`,
    'put the hook’s address into that file, as the service shows it',
  );
}

function secretsOf(url: URL): string[] {
  const parts = url.pathname.split('/').filter((part) => part.length >= SHORTEST_SECRET);
  return [
    url.href,
    ...(url.pathname.length > SHORTEST_SECRET ? [url.pathname] : []),
    ...(url.search === '' ? [] : [url.search]),
    ...parts,
    ...[...url.searchParams.values()].filter((value) => value.length >= SHORTEST_SECRET),
  ];
}

function masked(text: string, secrets: readonly string[]): string {
  return secrets.reduce((words, secret) => (secret === '' ? words : words.replaceAll(secret, '***')), text);
}

function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (error instanceof TryAgain) return new TryAgain(error.code, masked(error.message, secrets), error.afterMillis);
  if (error instanceof PoisonBatch) return new PoisonBatch(masked(error.message, secrets));
  if (error instanceof WrongConfiguration)
    return new WrongConfiguration(error.code, masked(error.message, secrets), error.nextStep);
  return error;
}
