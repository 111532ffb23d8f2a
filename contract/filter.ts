import * as z from 'zod';

/**
 * Which events somebody means: one tree for searches, rules, silences and access, that the collector turns into a function,
 * into SQL or into a search engine's query. `field` is a name of contract/event-fields.ts.
 *
 * All forms agree on this: an event without the field never matches, so `not` of it does; a field with several values
 * (tables, notes) matches when one of them does; a time before 1970 or after 2199 is none that a store can find; texts are
 * compared with their case unless `ignoreCase`.
 */
export type Filter =
  | { readonly kind: 'all'; readonly of: readonly Filter[] }
  | { readonly kind: 'any'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'exists'; readonly field: string }
  | { readonly kind: 'is'; readonly field: string; readonly values: readonly Scalar[]; readonly ignoreCase?: boolean }
  /** `*` stands for any characters, `?` for one; a backslash takes either, and itself, as it is. The whole text matches. */
  | { readonly kind: 'like'; readonly field: string; readonly pattern: string; readonly ignoreCase?: boolean }
  /** RE2's syntax (https://github.com/google/re2/wiki/Syntax); anywhere in the text unless anchored. */
  | { readonly kind: 'matches'; readonly field: string; readonly expression: string; readonly ignoreCase?: boolean }
  /** Numbers, or times as RFC 3339 texts. */
  | {
      readonly kind: 'range';
      readonly field: string;
      readonly over?: number | string;
      readonly from?: number | string;
      readonly below?: number | string;
      readonly to?: number | string;
    }
  /** An address within a range, `10.0.0.0/8` or `fd00::/8`. */
  | { readonly kind: 'within'; readonly field: string; readonly range: string }
  /** All words occur, in any case, in the statement, its parameters, the error, the message or the tables: full text. */
  | { readonly kind: 'words'; readonly text: string };

export type Scalar = string | number | boolean;

/** Deeper trees, and more leaves, come from nobody who means well. */
const MAX_DEPTH = 32;
const MAX_NODES = 2_000;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const bound = z.union([z.number(), z.string()]).optional();
const field = z.string().min(1).max(200);
const ignoreCase = z.boolean().optional();

const node: z.ZodType<Filter> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('all'), of: z.array(node) }),
    z.strictObject({ kind: z.literal('any'), of: z.array(node) }),
    z.strictObject({ kind: z.literal('not'), filter: node }),
    z.strictObject({ kind: z.literal('exists'), field }),
    z.strictObject({ kind: z.literal('is'), field, values: z.array(scalar).min(1), ignoreCase }),
    z.strictObject({ kind: z.literal('like'), field, pattern: z.string(), ignoreCase }),
    z.strictObject({ kind: z.literal('matches'), field, expression: z.string().min(1), ignoreCase }),
    z.strictObject({ kind: z.literal('range'), field, over: bound, from: bound, below: bound, to: bound }),
    z.strictObject({ kind: z.literal('within'), field, range: z.string() }),
    z.strictObject({ kind: z.literal('words'), text: z.string() }),
  ]),
) as z.ZodType<Filter>;

/** As it comes over the wire; bounded before it is walked. */
export const filterSchema = z
  .unknown()
  .refine((value) => isBounded(value), `a filter has at most ${MAX_NODES} parts, ${MAX_DEPTH} deep`)
  .pipe(node);

export const EVERYTHING: Filter = { kind: 'all', of: [] };
export const NOTHING: Filter = { kind: 'any', of: [] };

/** Both; `EVERYTHING` adds nothing. */
export function both(...filters: readonly (Filter | undefined)[]): Filter {
  const of = filters
    .filter((filter) => filter !== undefined)
    .flatMap((filter) => (filter.kind === 'all' ? filter.of : [filter]));
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind: 'all', of };
}

function isBounded(root: unknown): boolean {
  const waiting: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  for (let nodes = 0; ; nodes++) {
    const next = waiting.pop();
    if (next === undefined) return true;
    if (nodes > MAX_NODES || next.depth > MAX_DEPTH * 2) return false;
    if (typeof next.value !== 'object' || next.value === null) continue;
    for (const value of Object.values(next.value)) waiting.push({ value, depth: next.depth + 1 });
  }
}
