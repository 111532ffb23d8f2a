import { MASKED } from '../../contract/masked.ts';

/** An argument as the decoder writes it: bare, or in double quotes with escapes; cut off at the end, maybe. */
const ARGUMENT = /"(?:[^"\\]|\\.)*"?|[^ ]+/gs;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|(.))/gs;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/**
 * A Redis command with only its command words and its keys left; everything else becomes `?`. Keys are taken in the order
 * in which `keys` has them, so that a value that looks like a key does not stay.
 */
export function maskRedisArguments(text: string, operation: string | undefined, keys: readonly string[]): string {
  const words = operation === undefined ? 1 : operation.split(' ').length;
  let position = 0;
  let nextKey = 0;
  return text.replace(ARGUMENT, (argument) => {
    position += 1;
    if (position <= words || isMasked(argument)) return argument;
    const key = keys[nextKey];
    if (key === undefined || !isSpelled(argument, key)) return '?';
    nextKey += 1;
    return argument;
  });
}

/** Alone, or behind the sign that says what an ACL rule does. */
function isMasked(argument: string): boolean {
  return argument.endsWith(MASKED) && argument.length <= MASKED.length + 1;
}

function isSpelled(argument: string, key: string): boolean {
  if (!argument.startsWith('"')) return argument === key;
  const inner = argument.slice(1, argument.endsWith('"') ? -1 : undefined);
  return inner === key || unescaped(inner) === key;
}

function unescaped(text: string): string {
  return text.replace(ESCAPE, (_, hexadecimal: string | undefined, character: string) =>
    hexadecimal === undefined
      ? (SHORT_ESCAPES[character] ?? character)
      : String.fromCharCode(parseInt(hexadecimal, 16)),
  );
}
