import { describe, expect, test } from '@jest/globals';
import type { PacketSource } from '../../../../agent/capture/packet-source.ts';
import { PatientSource } from '../../../../agent/capture/patient-source.ts';
import { UserError } from '../../../../contract/user-error.ts';

const NO_RIGHT = new UserError('DBA1003', 'capturing needs CAP_NET_RAW', 'run as root');

/** Fails with `failure` where there is one, after it has counted `received` packets. */
function source(received: number, failure?: Error): PacketSource {
  return {
    name: 'afpacket',
    counters: () => ({ received, dropped: 1 }),
    run: () => (failure === undefined ? Promise.resolve() : Promise.reject(failure)),
  };
}

const run = (patient: PatientSource, signal = new AbortController().signal) =>
  patient.run(
    () => undefined,
    () => undefined,
    signal,
  );

describe('a source that waits', () => {
  test('tells each failed attempt, goes on trying, and keeps what was counted', async () => {
    const attempts: (() => PacketSource)[] = [
      () => {
        throw NO_RIGHT;
      },
      () => source(5, NO_RIGHT),
      () => source(7),
    ];
    const told: string[] = [];
    const patient = new PatientSource({
      open: () => attempts.shift()?.() ?? source(0),
      onBlind: ({ code }) => told.push(code),
      firstPauseMillis: 1,
    });
    await run(patient);
    expect(told).toEqual(['DBA1003', 'DBA1003']);
    expect(patient.counters()).toEqual({ received: 12, dropped: 2 });
  });

  test('ends at once when it is told to, while it waits', async () => {
    const stop = new AbortController();
    const patient = new PatientSource({
      open: () => {
        throw NO_RIGHT;
      },
      onBlind: () => setImmediate(() => stop.abort()),
      firstPauseMillis: 3_600_000,
    });
    await run(patient, stop.signal);
    expect(patient.name).toBe('none');
  });

  test('does not hide a bug', async () => {
    const patient = new PatientSource({ open: () => source(0, new TypeError('a bug')), onBlind: () => undefined });
    await expect(run(patient)).rejects.toThrow(TypeError);
  });
});
