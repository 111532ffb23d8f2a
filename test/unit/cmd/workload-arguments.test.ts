import { describe, expect, test } from '@jest/globals';
import { parseTargets } from '../../../cmd/kubernetes/workload-arguments.ts';
import { findWorkloadKind, TOP_LEVEL_KINDS } from '../../../cmd/kubernetes/workload-kinds.ts';
import { UserError } from '../../../contract/user-error.ts';

const parse = (...parameters: Parameters<typeof parseTargets>) =>
  parseTargets(...parameters).map((request) =>
    request.by === 'name'
      ? `${request.kind.name}/${request.name}`
      : `${request.kind.name} ${request.labelSelector ?? 'all'}`,
  );

describe('TYPE and NAME as kubectl reads them', () => {
  test.each([
    ['deploy/orders', ['deployment/orders']],
    ['deployments/orders sts/pg', ['deployment/orders', 'statefulset/pg']],
    ['deploy orders billing', ['deployment/orders', 'deployment/billing']],
    ['deploy,sts orders', ['deployment/orders', 'statefulset/orders']],
    ['deployment.apps/orders deployment.v1.apps/orders', ['deployment/orders']],
    [
      'ds/log cj/report job/once po/bare ns/shop rc/old rs/web',
      [
        'daemonset/log',
        'cronjob/report',
        'job/once',
        'pod/bare',
        'namespace/shop',
        'replicationcontroller/old',
        'replicaset/web',
      ],
    ],
    ['Deployment/orders', ['deployment/orders']],
    ['', []],
  ])('%s', (words, targets) => {
    expect(parse(words.split(' ').filter(Boolean))).toEqual(targets);
  });

  test('selections', () => {
    expect(parse(['deploy,sts'], { selector: 'app=x' })).toEqual(['deployment app=x', 'statefulset app=x']);
    expect(parse(['cj'], { all: true })).toEqual(['cronjob all']);
    expect(parse([], { selector: 'app=x', defaultKinds: TOP_LEVEL_KINDS })).toEqual(
      ['deployment', 'statefulset', 'daemonset', 'cronjob'].map((kind) => `${kind} app=x`),
    );
    expect(parse(['ns/shop'], { allNamespaces: true })).toEqual(['namespace/shop']);
  });

  test.each([
    [['nothing/x'], {}, '"nothing" is no type that is known here'],
    [['deployment.batch/x'], {}, '"deployment.batch" is no type that is known here'],
    [['deploy/a', 'b'], {}, '"b" is not TYPE/NAME'],
    [['deploy/a/b'], {}, '"deploy/a/b" is not TYPE/NAME'],
    [['deploy,sts/a'], {}, '"deploy,sts/a" is not TYPE/NAME'],
    [['deploy/'], {}, '"deploy/" is not TYPE/NAME'],
    [['deploy'], {}, 'which deploy?'],
    [['deploy', 'a'], { selector: 'x=y' }, 'names cannot be given together with -l or --all'],
    [['deploy/a'], { allNamespaces: true }, 'an object cannot be named across all namespaces'],
    [[], { selector: 'x=y' }, 'a type is missing'],
  ])('%j %j is refused', (words, flags, message) => {
    expect(() => parseTargets(words, flags)).toThrow(new UserError('DBA1004', message, ''));
  });
});

test('kinds by group and version', () => {
  expect(findWorkloadKind('pods.v1.')?.name).toBe('pod');
  expect(findWorkloadKind('cronjobs.v1.batch')?.name).toBe('cronjob');
  expect(findWorkloadKind('cronjobs.v1beta1.batch')).toBeUndefined();
});
