import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import { connect } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import {
  isLeafOf,
  makeAuthority,
  makeLeaf,
  renewalTime,
  serviceNames,
} from '../../../kubernetes/certificates/key-pairs.ts';

const NOW = new Date();
const DAY_MILLIS = 86_400_000;
const NAMES = serviceNames('dbaudit-injector', 'dbaudit-system');
const authority = await makeAuthority(NOW);
const leaf = await makeLeaf({ authority, dnsNames: NAMES, now: NOW });

/** Whether a client that trusts this CA takes the server's certificate for the name. */
function handshake(ca: string, servername: string): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer({ cert: leaf.certificate, key: leaf.privateKey }).listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const end = (outcome: string) => {
        socket.destroy();
        server.close(() => resolve(outcome));
      };
      const socket = connect({ host: '127.0.0.1', port, ca, servername });
      socket.on('secureConnect', () => end('taken'));
      socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    });
  });
}

describe('the authority', () => {
  test('signs itself, may sign leaves and no further authority, for a year', () => {
    const certificate = new X509Certificate(authority.certificate);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(certificate.validToDate.getTime() - NOW.getTime()).toBeCloseTo(365 * DAY_MILLIS, -4);
    expect(certificate.validFromDate.getTime()).toBeLessThan(NOW.getTime());
  });

  test('never has the name of another', async () => {
    const other = new X509Certificate((await makeAuthority(NOW)).certificate);
    expect(other.subject).not.toBe(new X509Certificate(authority.certificate).subject);
  });
});

describe('the leaf', () => {
  test('is taken for every name of the Service by who trusts the authority', async () => {
    for (const name of NAMES) expect(await handshake(authority.certificate, name)).toBe('taken');
  });

  test('is not taken for another name, nor by who trusts another authority', async () => {
    expect(await handshake(authority.certificate, 'elsewhere.svc')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await handshake((await makeAuthority(NOW)).certificate, NAMES[0] ?? '')).toBe(
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    );
  });

  test('is valid for 30 days, but not longer than its authority', async () => {
    expect(new X509Certificate(leaf.certificate).validToDate.getTime() - NOW.getTime()).toBeCloseTo(
      30 * DAY_MILLIS,
      -4,
    );
    const late = await makeLeaf({ authority, dnsNames: NAMES, now: new Date(NOW.getTime() + 360 * DAY_MILLIS) });
    expect(new X509Certificate(late.certificate).validTo).toBe(new X509Certificate(authority.certificate).validTo);
  });

  test('is to be renewed after two thirds of its time', () => {
    expect(renewalTime(leaf.certificate).getTime() - NOW.getTime()).toBeCloseTo(20 * DAY_MILLIS, -8);
  });

  test('is known as that of its authority and names', async () => {
    expect(isLeafOf(leaf, authority, NAMES)).toBe(true);
    expect(isLeafOf(leaf, authority, [...NAMES, 'new-name.svc'])).toBe(false);
    expect(isLeafOf(leaf, await makeAuthority(NOW), NAMES)).toBe(false);
  });
});
