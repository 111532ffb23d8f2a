import { describe, expect, test } from '@jest/globals';
import { AGENT_CONFIGURATION, SINK_CREDENTIALS } from '../../../webhook/mirrored-kinds.ts';

const namespace = (capture?: string, secret?: string) => ({
  name: 'shop',
  annotations: {},
  labels: {
    ...(capture === undefined ? {} : { 'dbaudit.io/capture': capture }),
    ...(secret === undefined ? {} : { 'dbaudit.io/sink-secret': secret }),
  },
});

describe('where the agents’ configuration is copied to', () => {
  test.each([
    ['enabled', false, 'needed'],
    ['disabled', false, 'unneeded'],
    [undefined, false, 'unneeded'],
    [undefined, true, 'needed'],
    ['disabled', true, 'needed'],
  ] as const)('namespace %s, a pod with an agent expected: %s', (capture, expected, need) => {
    expect(AGENT_CONFIGURATION.need(namespace(capture), expected)).toBe(need);
  });

  test('with the collector’s authority beside it, and nothing else', () => {
    const data = { 'agent.yaml': 'a', 'collector-ca.crt': 'c' };
    expect(AGENT_CONFIGURATION.content({ ...data, other: 'b' })).toEqual(data);
    expect(AGENT_CONFIGURATION.content({ 'agent.yaml': 'a', other: 'b' })).toEqual({ 'agent.yaml': 'a' });
    expect(AGENT_CONFIGURATION.content({ other: 'b' })).toBeUndefined();
  });
});

describe('where credentials are copied to: where the namespace itself asks, whatever its pods do', () => {
  test.each([
    ['enabled', undefined, 'needed'],
    ['enabled', 'enabled', 'needed'],
    ['enabled', 'disabled', 'forbidden'],
    ['disabled', 'enabled', 'needed'],
    [undefined, 'enabled', 'needed'],
    [undefined, 'disabled', 'forbidden'],
    [undefined, 'yes', 'unneeded'],
    [undefined, undefined, 'unneeded'],
    ['disabled', undefined, 'unneeded'],
  ] as const)('capture %s, sink-secret %s', (capture, secret, need) => {
    for (const expected of [false, true]) {
      expect(SINK_CREDENTIALS.need(namespace(capture, secret), expected)).toBe(need);
    }
  });
});
