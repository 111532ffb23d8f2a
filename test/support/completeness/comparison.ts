/** Two lists as multisets: what only one of them has, each entry as often as it has it more. */
export interface Comparison {
  readonly counted: number;
  readonly seen: number;
  /** In the server's ledger alone. */
  readonly missed: readonly string[];
  /** In the agent's events alone. */
  readonly extra: readonly string[];
}

export function compare(counted: readonly string[], seen: readonly string[]): Comparison {
  const left = new Map<string, number>();
  for (const entry of counted) left.set(entry, (left.get(entry) ?? 0) + 1);
  const extra: string[] = [];
  for (const entry of seen) {
    const count = left.get(entry) ?? 0;
    if (count === 0) extra.push(entry);
    else left.set(entry, count - 1);
  }
  const missed = [...left].flatMap(([entry, count]) => Array<string>(count).fill(entry));
  return { counted: counted.length, seen: seen.length, missed, extra };
}

const EXAMPLES = 5;

/** `12034 counted, 12034 seen, 0 missed, 0 extra`, and a few examples where there is a difference. */
export function describeComparison({ counted, seen, missed, extra }: Comparison): string {
  const figures = `${counted} counted, ${seen} seen, ${missed.length} missed, ${extra.length} extra`;
  const examples = [
    ...missed.slice(0, EXAMPLES).map((entry) => `\n  missed: ${JSON.stringify(entry)}`),
    ...extra.slice(0, EXAMPLES).map((entry) => `\n  extra: ${JSON.stringify(entry)}`),
  ];
  return figures + examples.join('');
}
