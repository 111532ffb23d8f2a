/** What a `Cookie` header has under a name, for values of letters, digits, `-` and `_` alone, as all of ours are. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, value = ''] = pair.trim().split('=', 2);
    if (key === name && /^[\w-]+$/.test(value)) return value;
  }
  return undefined;
}
