import { describe, expect, test } from '@jest/globals';
import { hasNativeSidecars } from '../../../webhook/cluster-version.ts';
import { readConfig } from '../../../webhook/config.ts';
import { parseSettings } from '../../../webhook/watched-settings.ts';

describe('the environment', () => {
  test('needs the namespace alone', () => {
    expect(readConfig({ DBAUDIT_NAMESPACE: 'dbaudit-system', DBAUDIT_POD_NAME: 'injector-1' })).toEqual({
      namespace: 'dbaudit-system',
      podName: 'injector-1',
      serviceName: 'dbaudit-injector',
      address: '::',
      port: 10_250,
      logLevel: 'info',
      drainMillis: 10_000,
      settleMillis: 120_000,
      certificateDirectory: undefined,
      mirrorSinkSecret: false,
    });
  });

  test('that is wrong is refused with the names of the variables', () => {
    expect(() => readConfig({ DBAUDIT_PORT: 'https' })).toThrow(/DBAUDIT_NAMESPACE: .*DBAUDIT_PORT: /);
  });
});

describe('the administrator’s settings', () => {
  test('may be absent or empty', () => {
    expect(parseSettings(undefined)).toEqual(parseSettings('{}'));
    expect(parseSettings('')).toEqual(parseSettings('{}'));
  });

  test('are read over the defaults', () => {
    expect(parseSettings('image: example/agent:2\nresources: {limits: {cpu: 200m}}')).toMatchObject({
      image: 'example/agent:2',
      resources: { limits: { cpu: '200m', memory: '256Mi' } },
    });
  });

  test.each([
    ['immage: x', /immage/],
    ['resources: {requests: {cpu: lots}}', /resources: requests: cpu/],
    ['image: [', /./],
    ['- image', /./],
  ])('%j is refused on one line', (yaml, message) => {
    let thrown = '';
    try {
      parseSettings(yaml);
    } catch (error) {
      thrown = error instanceof Error ? error.message : '';
    }
    expect(thrown).toMatch(message);
  });
});

test.each([
  ['1', '28', false],
  ['1', '29', true],
  ['1', '29+', true],
  ['1', '34', true],
  ['2', '0', true],
])('Kubernetes %s.%s has native sidecars: %s', (major, minor, native) => {
  expect(hasNativeSidecars(major, minor)).toBe(native);
});
