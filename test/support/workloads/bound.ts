/** When a workload ends: after some time, or after some rounds of its statements. */
export type Bound = { readonly seconds: number } | { readonly rounds: number };

/** For a workload's command line: `seconds=2`, `rounds=100`. */
export function formatBound(bound: Bound): string {
  return 'seconds' in bound ? `seconds=${bound.seconds}` : `rounds=${bound.rounds}`;
}

/** Calls `round` with 0, 1, 2… until the bound that `text` names is reached; at least once. */
export async function repeat(text: string, round: (index: number) => Promise<void>): Promise<void> {
  const [unit, amount] = text.split('=');
  const limit = Number(amount);
  const end = Date.now() + limit * 1000;
  let index = 0;
  do {
    await round(index++);
  } while (unit === 'rounds' ? index < limit : Date.now() < end);
}
