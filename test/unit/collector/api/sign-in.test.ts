import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { oidcSchema } from '../../../../collector/access/oidc.ts';
import { holder, type OpenDoor, openTestDoor, type Reply } from '../../../support/collector/open-door.ts';
import { freePort } from '../../../support/servers/free-port.ts';

const OWN = { 'sec-fetch-site': 'same-origin' };
let door: OpenDoor;
const cookieOf = ({ headers }: Reply): string => String(headers['set-cookie']?.[0] ?? '');
const sessionIn = (reply: Reply): string => cookieOf(reply).split(';', 1)[0] ?? '';

describe('by a token', () => {
  beforeEach(async () => {
    door = await openTestDoor({ cluster: 'prod' });
    door.known.tokens.right = holder('alice');
    door.known.rights.alice = ['get auditevents'];
  });
  afterEach(() => door.close());

  const signIn = (token: string, headers: Readonly<Record<string, string>> = OWN) =>
    door.ask('/api/v1/sign-in', { body: { token }, headers });
  const body = { range: { from: 0, to: 4_000_000_000_000 } };

  test('a session that no script can read, until it is ended', async () => {
    expect((await door.ask('/api/v1/sign-in')).json).toEqual({ cluster: 'prod' });
    const signedIn = await signIn('right');
    expect(signedIn.status).toBe(204);
    expect(cookieOf(signedIn)).toMatch(
      /^__Host-dbaudit=[\w-]{43}; Path=\/; Max-Age=28800; Secure; HttpOnly; SameSite=Strict$/,
    );
    const cookie = sessionIn(signedIn);
    expect(await door.ask('/api/v1/whoami', { headers: { cookie } })).toMatchObject({ json: { name: 'alice' } });
    const asked = await door.ask('/api/v1/search', { body, headers: { cookie, ...OWN } });
    expect(asked.status).toBe(200);
    const ended = await door.ask('/api/v1/sign-in', { method: 'DELETE', headers: { cookie, ...OWN } });
    expect(cookieOf(ended)).toMatch(/^__Host-dbaudit=; Path=\/; Max-Age=0/);
    expect((await door.ask('/api/v1/whoami', { headers: { cookie } })).status).toBe(401);
    const [record] = door.records();
    expect(record).toMatchObject({ dbaudit: { actor: { name: 'alice' }, access: { resource: 'session' } } });
    expect(JSON.stringify(door.records())).not.toContain('right');
  });

  test('a session ends with its token', async () => {
    door.known.tokens.short = { ...holder('alice'), expiresAt: Date.now() + 60_000 };
    expect(cookieOf(await signIn('short'))).toMatch(/Max-Age=(59|60);/);
  });

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another service of the domain', { 'sec-fetch-site': 'same-site' }],
    ['an old browser elsewhere', { origin: 'https://evil.example' }],
    ['something that says nothing', {}],
  ])('%s cannot use a session, nor begin one', async (_, headers) => {
    const cookie = sessionIn(await signIn('right'));
    const asked = await door.ask('/api/v1/search', { body, headers: { cookie, ...headers } });
    expect(asked).toMatchObject({ status: 403, json: { code: 'DBA5014' } });
    expect(await signIn('right', headers)).toMatchObject({ status: 403, json: { code: 'DBA5014' } });
    expect(door.records().filter(({ event }) => event.action === 'dbaudit.refused')).toHaveLength(2);
  });

  test('a wrong token: 401 and on record, without it', async () => {
    expect(await signIn('wr0ng')).toMatchObject({ status: 401, json: { code: 'DBA5001' } });
    expect(door.records()).toMatchObject([{ event: { action: 'dbaudit.refused' } }]);
    expect(JSON.stringify(door.records())).not.toContain('wr0ng');
  });

  test('a session that was made up is none', async () => {
    const headers = { cookie: `__Host-dbaudit=${'A'.repeat(43)}` };
    expect((await door.ask('/api/v1/whoami', { headers })).status).toBe(401);
  });
});

describe('by an identity provider', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let provider: Server;
  let issuer = '';
  let claims: Record<string, unknown> = {};
  /** What the browser was sent to the provider with. */
  let asked = new URLSearchParams();
  let verifierSeen = '';

  beforeAll(async () => {
    const port = await freePort();
    issuer = `http://127.0.0.1:${port}`;
    provider = createServer((request, response) => {
      const answer = (value: unknown) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(value));
      };
      if (request.url === '/.well-known/openid-configuration') {
        answer({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
      } else if (request.url === '/keys') {
        answer({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }] });
      } else {
        let body = '';
        request.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        request.on('end', () => {
          verifierSeen = new URLSearchParams(body).get('code_verifier') ?? '';
          const now = Math.floor(Date.now() / 1_000);
          const nonce = asked.get('nonce');
          const token = signed({ iss: issuer, aud: 'dbaudit', exp: now + 300, iat: now, nonce, ...claims });
          answer({ access_token: 'a', token_type: 'Bearer', id_token: token });
        });
      }
    });
    await new Promise<void>((resolve) => provider.listen(port, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => provider.close(resolve)));

  function signed(payload: object): string {
    const text = [{ alg: 'RS256', kid: '1' }, payload]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
  }

  beforeEach(async () => {
    claims = { sub: '1', email: 'alice@example.org', groups: ['dba', 'system:masters'] };
    const settings = { issuer, clientId: 'dbaudit', publicUrl: 'https://dbaudit.example', name: 'Example' };
    const oidc = oidcSchema.parse({
      ...settings,
      usernameClaim: 'email',
      usernamePrefix: 'oidc:',
      groupsPrefix: 'oidc:',
    });
    door = await openTestDoor({ oidc });
  });
  afterEach(() => door.close());

  /** What the browser does: away to the provider, and back with what that gave it. */
  async function goAway(returnPath = '/alerts'): Promise<{ cookie: string; state: string }> {
    const away = await door.ask(`/api/v1/sign-in/oidc?return=${encodeURIComponent(returnPath)}`);
    expect(away.status).toBe(302);
    expect(cookieOf(away)).toMatch(/^__Host-dbaudit-sign-in=.*; Secure; HttpOnly; SameSite=Lax$/);
    asked = new URL(String(away.headers.location)).searchParams;
    return { cookie: sessionIn(away), state: asked.get('state') ?? '' };
  }
  const comeBack = (state: string, cookie: string) =>
    door.ask(`/api/v1/sign-in/oidc/callback?code=c&state=${state}&iss=${encodeURIComponent(issuer)}`, {
      headers: { cookie },
    });

  test('name and groups as the API server spells them; none of the cluster’s own', async () => {
    expect((await door.ask('/api/v1/sign-in')).json).toEqual({ oidc: 'Example' });
    const { cookie, state } = await goAway();
    expect(asked.get('redirect_uri')).toBe('https://dbaudit.example/api/v1/sign-in/oidc/callback');
    expect(asked.get('code_challenge_method')).toBe('S256');
    const back = await comeBack(state, cookie);
    expect({ status: back.status, text: back.text }).toEqual({
      status: 200,
      text: expect.stringContaining('url=/alerts'),
    });
    expect(verifierSeen).toMatch(/^[\w-]{43}$/);
    const who = await door.ask('/api/v1/whoami', { headers: { cookie: sessionIn(back) } });
    expect(who.json).toMatchObject({
      name: 'oidc:alice@example.org',
      groups: ['oidc:dba', 'oidc:system:masters', 'system:authenticated'],
    });
  });

  test.each([
    ['another browser', async (state: string) => comeBack(state, '')],
    ['a state that nobody was given', async (_: string, cookie: string) => comeBack('made-up', cookie)],
    [
      'the same again',
      async (state: string, cookie: string) => comeBack(state, cookie).then(() => comeBack(state, cookie)),
    ],
  ])('%s is not signed in', async (_, attempt) => {
    const { cookie, state } = await goAway();
    const answer = await attempt(state, cookie);
    expect(answer).toMatchObject({ status: 401, json: { code: 'DBA5015' } });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test.each<[string, Record<string, unknown>]>([
    ['of another client', { aud: 'other' }],
    ['with another nonce', { nonce: 'other' }],
    ['that ended', { exp: 1_000 }],
    ['of an address nobody verified', { email_verified: false }],
    ['without the name', { email: undefined }],
  ])('an id token %s: nobody', async (_, changed) => {
    const { cookie, state } = await goAway();
    claims = { ...claims, ...changed };
    expect(await comeBack(state, cookie)).toMatchObject({ status: 401, json: { code: 'DBA5015' } });
  });

  test.each(['//evil.example/', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)'])(
    'coming back never leads to another site: %s',
    async (path) => {
      const { cookie, state } = await goAway(path);
      expect((await comeBack(state, cookie)).text).toContain('content="0;url=/"');
    },
  );
});
