import type { Colour, Screen } from '../../output/screen.ts';

/** The text in `colour`, and what the expressions find in it in bold. They were made without the flag `g`. */
export function paintParts(
  text: string,
  expressions: readonly RegExp[],
  paint: Screen['paint'],
  colour: Colour | undefined,
): string {
  const plain = (part: string) => (colour === undefined ? part : paint(colour, part));
  let painted = '';
  let end = 0;
  for (const [from, to] of foundIn(text, expressions)) {
    painted += `${plain(text.slice(end, from))}${paint('bold', text.slice(from, to))}`;
    end = to;
  }
  return `${painted}${plain(text.slice(end))}`;
}

/** From and to of each place, in order; places that touch are one. */
function foundIn(text: string, expressions: readonly RegExp[]): readonly (readonly [number, number])[] {
  const found = expressions
    .flatMap((expression) => [...text.matchAll(new RegExp(expression, `${expression.flags}g`))])
    .map((match): [number, number] => [match.index, match.index + match[0].length])
    .filter(([from, to]) => to > from)
    .sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [from, to] of found) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
