const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** As redis-cli takes it: bare where that is safe, else in double quotes. https://redis.io/docs/latest/develop/tools/cli/ */
function quoted(word: string): string {
  if (!/^$|[\0-\x20"'\x7f]/.test(word)) return word;
  return `"${word.replace(/["\\\n\r\t]/g, (character) => ESCAPES[character] ?? character)}"`;
}

/** The slow log lacks those that had to wait; they are compared by name alone. */
const MAY_WAIT: ReadonlySet<string> = new Set(['BLPOP', 'BRPOP', 'BLMOVE', 'BZPOPMIN', 'BZPOPMAX', 'XREAD']);

/** One spelling for a command: clients write its name in either case. */
export function redisKey(words: readonly string[]): string {
  return redisTextKey(words.map(quoted).join(' '));
}

/** The same for a command that is one text already. */
export function redisTextKey(text: string): string {
  const [written = ''] = text.split(' ', 1);
  const name = written.toUpperCase();
  return MAY_WAIT.has(name) ? name : name + text.slice(written.length);
}
