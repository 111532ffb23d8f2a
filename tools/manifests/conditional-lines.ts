/** Lines of text, some of which appear only where a condition holds. */
export type ConditionalLine = string | Branch;

interface Branch {
  readonly condition: string;
  readonly when: readonly ConditionalLine[];
  readonly otherwise: readonly ConditionalLine[];
}

/**
 * One text from two: with `condition` it is `on`, without it `off`. Lines common to both (the longest common
 * subsequence) appear once, so a flag that changes nothing leaves no trace.
 */
export function mergeLines(
  condition: string,
  on: readonly ConditionalLine[],
  off: readonly ConditionalLine[],
): ConditionalLine[] {
  if (JSON.stringify(on) === JSON.stringify(off)) return [...on];
  const merged: ConditionalLine[] = [];
  let [a, b] = [0, 0];
  for (const [nextA, nextB] of [...commonLines(on, off), [on.length, off.length] as const]) {
    if (nextA > a || nextB > b) merged.push({ condition, when: on.slice(a, nextA), otherwise: off.slice(b, nextB) });
    const common = on[nextA];
    if (common !== undefined) merged.push(common);
    [a, b] = [nextA + 1, nextB + 1];
  }
  return merged;
}

/** Positions of the longest common subsequence. Quadratic: a part has a few hundred lines. */
function commonLines(
  on: readonly ConditionalLine[],
  off: readonly ConditionalLine[],
): (readonly [a: number, b: number])[] {
  const left = on.map((line) => JSON.stringify(line));
  const right = off.map((line) => JSON.stringify(line));
  // lengths[a][b]: of the longest common subsequence of what follows from a and from b.
  const lengths = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  const lengthAt = (a: number, b: number) => lengths[a]?.[b] ?? 0;
  for (let a = left.length - 1; a >= 0; a--) {
    for (let b = right.length - 1; b >= 0; b--) {
      const row = lengths[a];
      if (row === undefined) continue;
      row[b] = left[a] === right[b] ? lengthAt(a + 1, b + 1) + 1 : Math.max(lengthAt(a + 1, b), lengthAt(a, b + 1));
    }
  }
  const common: (readonly [number, number])[] = [];
  let [a, b] = [0, 0];
  while (a < left.length && b < right.length) {
    if (left[a] === right[b]) common.push([a++, b++]);
    else if (lengthAt(a + 1, b) >= lengthAt(a, b + 1)) a++;
    else b++;
  }
  return common;
}

/** As Helm reads it: the lines' own indentation stays, control lines stand at the margin. */
export function formatConditionalLines(lines: readonly ConditionalLine[]): string {
  return lines
    .map((line) => {
      if (typeof line === 'string') return `${line}\n`;
      const { condition, when, otherwise } = line;
      if (when.length === 0) return `{{- if not (${condition}) }}\n${formatConditionalLines(otherwise)}{{- end }}\n`;
      const alternative = otherwise.length === 0 ? '' : `{{- else }}\n${formatConditionalLines(otherwise)}`;
      return `{{- if ${condition} }}\n${formatConditionalLines(when)}${alternative}{{- end }}\n`;
    })
    .join('');
}
