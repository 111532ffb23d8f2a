import { expect, test } from '@jest/globals';
import { InjectorMetrics } from '../../../webhook/metrics.ts';

const GAUGES = {
  ready: () => true,
  settingsValid: () => false,
  mirroredNamespaces: () => 2,
  leafExpiry: () => 1_800_000_000_000,
  authorityExpiry: () => undefined,
};

test('figures in Prometheus’ text format, each name described once', async () => {
  const metrics = new InjectorMetrics();
  metrics.watch(GAUGES);
  for (const code of ['DBA2001', 'DBA2001', 'DBA2006']) {
    await metrics.timed(async () => metrics.answered('skipped', code));
  }
  await metrics.timed(async () => metrics.answered('injected', undefined));
  metrics.event('suppressed');
  const lines = (await metrics.text()).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'dbaudit_injector_requests_total{outcome="skipped"} 3',
      'dbaudit_injector_requests_total{outcome="injected"} 1',
      'dbaudit_injector_skipped_total{code="DBA2001"} 2',
      'dbaudit_injector_skipped_total{code="DBA2006"} 1',
      'dbaudit_injector_events_total{fate="suppressed"} 1',
      'dbaudit_injector_request_duration_seconds_bucket{le="+Inf"} 4',
      'dbaudit_injector_request_duration_seconds_count 4',
      'dbaudit_injector_ready 1',
      'dbaudit_injector_settings_valid 0',
      'dbaudit_injector_mirrored_namespaces 2',
      'dbaudit_injector_leaf_expiry_timestamp_seconds 1800000000',
      'dbaudit_injector_authority_expiry_timestamp_seconds 0',
    ]),
  );
  const described = lines.filter((line) => line.startsWith('# TYPE'));
  expect(new Set(described).size).toBe(described.length);
});

test('a duration is counted where the work fails, too', async () => {
  const metrics = new InjectorMetrics();
  await expect(metrics.timed(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(await metrics.text()).toContain('dbaudit_injector_request_duration_seconds_count 1\n');
});
