import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { injectionSettingsSchema } from '../../../contract/injection-settings.ts';
import { SETTINGS } from '../../../contract/labels.ts';
import { Cel, toCel } from '../../../webhook/cel.ts';
import { renderPolicy } from '../../../webhook/policy.ts';

// That the policy and the webhook make the same pod is shown on an API server: test/cluster/policy.test.ts.

const settings = injectionSettingsSchema.parse({});
const [policy, ...bindings] = renderPolicy({ version: 'v1', settings, ownNamespace: 'ours' });

const specSchema = z.object({
  variables: z.array(z.object({ name: z.string(), expression: z.string() })),
  mutations: z.array(z.object({ jsonPatch: z.object({ expression: z.string() }) })),
});

describe('the admission policy', () => {
  test.each(['v1', 'v1beta1'] as const)('is rendered for %s', (version) => {
    for (const object of renderPolicy({ version, settings, ownNamespace: 'ours' })) {
      expect(object.apiVersion).toBe(`admissionregistration.k8s.io/${version}`);
      expect(object.metadata.labels).toEqual({ 'app.kubernetes.io/part-of': 'dbaudit' });
    }
  });

  test('never keeps a pod from being made', () => {
    expect(policy?.spec).toMatchObject({ failurePolicy: 'Ignore', reinvocationPolicy: 'IfNeeded' });
  });

  test('uses no variable before it is declared', () => {
    const { variables, mutations } = specSchema.parse(policy?.spec);
    const declared = new Set<string>();
    const usedIn = (text: string) => [...text.matchAll(/variables\.(\w+)/g)].map(([, name]) => name);
    for (const { name, expression } of variables) {
      expect([...declared]).toEqual(expect.arrayContaining(usedIn(expression)));
      declared.add(name);
    }
    const used = mutations.flatMap(({ jsonPatch }) => usedIn(jsonPatch.expression));
    expect(used).not.toEqual([]);
    expect([...declared]).toEqual(expect.arrayContaining(used));
  });

  test('an empty value, which stands for none in it, is valid for no setting', () => {
    for (const { pattern } of SETTINGS) expect(new RegExp(pattern).test('')).toBe(false);
  });

  test('every namespace of the cluster, and ours, is excluded by each binding', () => {
    expect(bindings).toHaveLength(2);
    for (const { spec } of bindings) {
      expect(spec).toMatchObject({
        matchResources: {
          namespaceSelector: {
            matchExpressions: expect.arrayContaining([
              {
                key: 'kubernetes.io/metadata.name',
                operator: 'NotIn',
                values: ['kube-system', 'kube-public', 'kube-node-lease', 'ours'],
              },
            ]),
          },
        },
      });
    }
  });
});

describe('CEL', () => {
  test('texts keep their quotes, line breaks and characters', () => {
    expect(toCel('a"b\\c\n\u0001é')).toBe('"a\\"b\\\\c\\n\\u0001é"');
  });

  test('members are dyn, expressions are put in parentheses', () => {
    expect(toCel({ a: ['x'], b: true, c: new Cel('1 + 1'), d: {}, e: 0 })).toBe(
      '{"a": dyn(["x"]), "b": dyn(true), "c": dyn((1 + 1)), "d": dyn({}), "e": dyn(0)}',
    );
  });
});
