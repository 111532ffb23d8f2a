import * as z from 'zod';

/** What such a header or parameter holds is a secret, and secrets come from files. */
const SECRET_NAME = /auth|cookie|token|key|secret|passw|credential|signature/i;
/** RFC 9110 5.1 and 5.5 */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
/** Set by us for each request. */
const OWN_HEADERS = /^(host|connection|transfer-encoding|content-.*|dbaudit-.*)$/i;

/** Of a receiver. Shown in logs and printed with the configuration, so no credentials are let into it. */
export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'expected http://HOST… or https://HOST…' })
  .refine(
    (text) => !hasAccount(text),
    'a URL with a user or password would be shown in logs: use username and passwordFile',
  )
  .refine((text) => secretParameter(text) === undefined, {
    error: ({ input }) =>
      `its parameter ${secretParameter(String(input))} looks like a secret and would be shown in logs: use bearerFile`,
  });

/** Further headers of each request, without secrets. */
export const plainHeaders = z.record(
  z
    .string()
    .regex(HEADER_NAME, 'expected the name of a header')
    .refine((name) => !OWN_HEADERS.test(name), 'this header is set by the agent')
    .refine(
      (name) => !SECRET_NAME.test(name),
      'this header holds a secret: use bearerFile, or username and passwordFile',
    ),
  z.string().regex(HEADER_VALUE, 'expected visible ASCII characters'),
);

interface HttpFields {
  readonly url: string;
  readonly tls?: object | undefined;
  readonly bearerFile?: string | undefined;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly apiKeyFile?: string | undefined;
}

/** For `.check`: what the fields of a sink over HTTP must be together. */
export function checkHttpFields({ value, issues }: z.core.ParsePayload<HttpFields>): void {
  const problem = (path: keyof HttpFields, message: string) =>
    issues.push({ code: 'custom', input: undefined, path: [path], message });
  if (value.tls !== undefined && value.url.startsWith('http:')) problem('tls', 'the url says http: write https');
  if ((value.username === undefined) !== (value.passwordFile === undefined))
    problem(value.username === undefined ? 'username' : 'passwordFile', 'username and passwordFile go together');
  const ways = [value.bearerFile, value.username, value.apiKeyFile].filter((way) => way !== undefined);
  if (ways.length > 1) problem('username', 'only one way to authenticate can be used');
}

/** For people: without the query, which may be long. */
export function httpPlace(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** What a person should know of credentials that pass the network in the clear; undefined where they do not. */
export function clearTextNotice({ url, bearerFile, username, apiKeyFile }: HttpFields): string | undefined {
  const { protocol, hostname } = new URL(url);
  const hasCredentials = (bearerFile ?? username ?? apiKeyFile) !== undefined;
  if (!hasCredentials || protocol === 'https:' || /^(localhost|127\..*|\[::1\])$/.test(hostname)) return undefined;
  return `${httpPlace(url)}: credentials are sent without TLS, and whoever is on the way can read them; use https`;
}

function hasAccount(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== '' || url.password !== '');
}

function secretParameter(text: string): string | undefined {
  const names = URL.parse(text)?.searchParams.keys() ?? [];
  return [...names].find((name) => SECRET_NAME.test(name));
}
