import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type ConditionalLine,
  formatConditionalLines,
  mergeLines,
} from '../../../tools/manifests/conditional-lines.ts';

/** What Helm would print: the lines of the branches whose condition holds. */
function evaluate(lines: readonly ConditionalLine[], holds: ReadonlySet<string>): string[] {
  return lines.flatMap((line) =>
    typeof line === 'string' ? [line] : evaluate(holds.has(line.condition) ? line.when : line.otherwise, holds),
  );
}

describe('mergeLines', () => {
  test('common lines appear once', () => {
    expect(formatConditionalLines(mergeLines('.a', ['1', '2', '3', '5'], ['1', '3', '4', '5', '6']))).toBe(
      '1\n{{- if .a }}\n2\n{{- end }}\n3\n{{- if not (.a) }}\n4\n{{- end }}\n5\n{{- if not (.a) }}\n6\n{{- end }}\n',
    );
  });

  test('each side is got back, with conditions within conditions too', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, lines, lines, (both, a, b, none) => {
        const merged = mergeLines('A', mergeLines('B', both, a), mergeLines('B', b, none));
        expect(evaluate(merged, new Set(['A', 'B']))).toEqual(both);
        expect(evaluate(merged, new Set(['A']))).toEqual(a);
        expect(evaluate(merged, new Set(['B']))).toEqual(b);
        expect(evaluate(merged, new Set())).toEqual(none);
      }),
    );
  });

  test('what is the same on both sides has no condition', () => {
    expect(mergeLines('A', ['a', 'b'], ['a', 'b'])).toEqual(['a', 'b']);
  });
});
