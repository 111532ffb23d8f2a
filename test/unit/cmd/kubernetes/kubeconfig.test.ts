import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { GlobalOptions } from '../../../../cmd/global-options.ts';
import { loadConnection } from '../../../../cmd/kubernetes/kubeconfig.ts';
import { temporaryDirectory } from '../../../support/leftovers.ts';

const { path: directory, remove } = temporaryDirectory('kubeconfig');
afterAll(remove);

function kubeconfig(file: string, names: readonly string[], current?: string): string {
  const path = join(directory, file);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: names.map((name) => ({ name, cluster: { server: `https://${file}-${name}.test` } })),
    users: names.map((name) => ({ name, user: { token: `${file}-${name}` } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name, namespace: `in-${name}` } })),
    ...(current === undefined ? {} : { 'current-context': current }),
  };
  writeFileSync(path, stringify(content));
  return path;
}

const first = kubeconfig('first', ['a', 'b'], 'a');
const second = kubeconfig('second', ['b', 'c'], 'c');
const load = (globals: Partial<GlobalOptions> = {}, environment: Record<string, string> = { KUBECONFIG: first }) =>
  loadConnection({ color: 'auto', ...globals }, environment);

describe('the kubeconfig', () => {
  test('the context in use', () => {
    expect(load()).toMatchObject({ context: 'a', namespace: 'in-a', server: 'https://first-a.test' });
  });

  test('of several files the first one wins, and all are taken together', () => {
    const environment = { KUBECONFIG: ['/nonexistent', first, second].join(delimiter) };
    expect(load({}, environment)).toMatchObject({ context: 'a' });
    expect(load({ context: 'b' }, environment)).toMatchObject({ server: 'https://first-b.test' });
    expect(load({ context: 'c' }, environment)).toMatchObject({ server: 'https://second-c.test', namespace: 'in-c' });
  });

  test('the file that is named wins over the environment', () => {
    expect(load({ kubeconfig: second })).toMatchObject({ context: 'c' });
  });

  test('flags take the place of what it says', () => {
    const { kubeConfig, namespace, server } = load({
      cluster: 'b',
      user: 'b',
      namespace: 'shop',
      tlsServerName: 'name.test',
      as: 'maya',
      certificateAuthority: '/ca.crt',
    });
    expect({ namespace, server }).toEqual({ namespace: 'shop', server: 'https://first-b.test' });
    expect(kubeConfig.getCurrentCluster()).toMatchObject({ tlsServerName: 'name.test', caFile: '/ca.crt' });
    expect(kubeConfig.getCurrentUser()).toMatchObject({ token: 'first-b', impersonateUser: 'maya' });
  });

  test('a token given takes the place of every other credential', () => {
    expect(load({ token: 'mine' }).kubeConfig.getCurrentUser()).toEqual({ name: 'a', token: 'mine' });
  });

  test.each<[Partial<GlobalOptions>, Record<string, string>, string]>([
    [{ context: 'z' }, { KUBECONFIG: first }, 'has no context z; it has a, b'],
    [{ user: 'z' }, { KUBECONFIG: first }, 'has no user z'],
    [{ cluster: 'z' }, { KUBECONFIG: first }, 'has no cluster z'],
    [{ kubeconfig: '/nonexistent' }, {}, 'there is no file /nonexistent'],
    [{}, { HOME: '/nonexistent' }, 'there is no kubeconfig (/nonexistent/.kube/config)'],
    // The variables of a pod: a plugin there acts for nobody unless it is told to.
    [{}, { HOME: '/nonexistent', KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 'there is no kubeconfig'],
  ])('%j %j: %s', (globals, environment, message) => {
    expect(() => load(globals, environment)).toThrow(message);
    expect(() => load(globals, environment)).toThrow(expect.objectContaining({ code: 'DBA1101' }));
  });
});
