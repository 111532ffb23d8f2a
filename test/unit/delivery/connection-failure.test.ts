import { describe, expect, test } from '@jest/globals';
import { connectionFailure } from '../../../delivery/connection/connection-failure.ts';
import { TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';

const PLACE = 'https://logs.example:443';

function systemError(code: string, message = `connect ${code}`): Error {
  return Object.assign(new Error(message), { code });
}

const CODES: readonly (readonly [code: string, kind: 'TryAgain' | 'WrongConfiguration', ours: string])[] = [
  ['ECONNREFUSED', 'TryAgain', 'DBA4005'],
  ['ENOTFOUND', 'TryAgain', 'DBA4005'],
  ['EAI_AGAIN', 'TryAgain', 'DBA4005'],
  ['ETIMEDOUT', 'TryAgain', 'DBA4005'],
  ['ECONNRESET', 'TryAgain', 'DBA4005'],
  ['EPIPE', 'TryAgain', 'DBA4005'],
  ['EHOSTUNREACH', 'TryAgain', 'DBA4005'],
  ['ENETUNREACH', 'TryAgain', 'DBA4005'],
  ['EMFILE', 'TryAgain', 'DBA4005'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'WrongConfiguration', 'DBA4002'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'WrongConfiguration', 'DBA4002'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'WrongConfiguration', 'DBA4002'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'WrongConfiguration', 'DBA4002'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'WrongConfiguration', 'DBA4002'],
  ['CERT_HAS_EXPIRED', 'WrongConfiguration', 'DBA4002'],
  ['CERT_NOT_YET_VALID', 'WrongConfiguration', 'DBA4002'],
  ['CERT_SIGNATURE_FAILURE', 'WrongConfiguration', 'DBA4002'],
  ['CERT_REVOKED', 'WrongConfiguration', 'DBA4002'],
  ['INVALID_PURPOSE', 'WrongConfiguration', 'DBA4002'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'WrongConfiguration', 'DBA4009'],
  ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', 'WrongConfiguration', 'DBA4009'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'WrongConfiguration', 'DBA4006'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'WrongConfiguration', 'DBA4006'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'WrongConfiguration', 'DBA4006'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'WrongConfiguration', 'DBA4006'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'WrongConfiguration', 'DBA4001'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'WrongConfiguration', 'DBA4001'],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'WrongConfiguration', 'DBA4001'],
  ['HPE_INVALID_CONSTANT', 'WrongConfiguration', 'DBA4006'],
  ['ERR_OSSL_PEM_NO_START_LINE', 'WrongConfiguration', 'DBA4008'],
  ['ERR_OSSL_X509_KEY_VALUES_MISMATCH', 'WrongConfiguration', 'DBA4008'],
  ['ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED', 'WrongConfiguration', 'DBA4008'],
];

describe('what an error of a connection means', () => {
  test.each(CODES)('%s', (code, name, ours) => {
    const failure = connectionFailure(systemError(code, 'x'), PLACE);
    expect(failure).toMatchObject({ name, code: ours });
    expect(failure.message).toContain(PLACE);
  });

  test('EPROTO says in its message what OpenSSL found', () => {
    const words =
      'write EPROTO 40F7:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../ssl/record.c:84:\n';
    expect(connectionFailure(systemError('EPROTO', words), PLACE)).toMatchObject({ code: 'DBA4006' });
    const alert =
      'write EPROTO 40F7:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:rec_layer_s3.c:912:SSL alert number 116\n';
    expect(connectionFailure(systemError('EPROTO', alert), PLACE)).toMatchObject({ code: 'DBA4001' });
  });

  test('looks through what wraps it', () => {
    const wrapped = new Error('Connection failed', {
      cause: new Error('x', { cause: systemError('CERT_HAS_EXPIRED', 'x') }),
    });
    expect(connectionFailure(wrapped, PLACE)).toMatchObject({ code: 'DBA4002' });
  });

  test('of several addresses, the family that this machine has speaks', () => {
    const both = new AggregateError([systemError('ENETUNREACH'), systemError('ECONNREFUSED')]);
    expect(connectionFailure(both, PLACE).message).toContain('refused');
    expect(connectionFailure(new AggregateError([systemError('ENETUNREACH')]), PLACE).message).toContain('no way');
  });

  test('what is classified stays so', () => {
    const known = new WrongConfiguration('DBA4008', 'no file', 'make one');
    expect(connectionFailure(known, PLACE)).toBe(known);
    expect(connectionFailure(new Error('x', { cause: known }), PLACE)).toBe(known);
  });

  test('what nobody knows may pass', () => {
    expect(connectionFailure(new Error('y'.repeat(5000)), PLACE)).toBeInstanceOf(TryAgain);
    expect(connectionFailure(new Error('y'.repeat(5000)), PLACE).message.length).toBeLessThan(300);
    expect(connectionFailure(undefined, PLACE)).toBeInstanceOf(TryAgain);
  });

  test('a ring of causes ends', () => {
    const ring: Error & { cause?: unknown } = new Error('ring');
    ring.cause = ring;
    expect(connectionFailure(ring, PLACE)).toMatchObject({ code: 'DBA4005' });
  });
});
