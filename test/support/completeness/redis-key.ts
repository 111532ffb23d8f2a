const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** As redis-cli takes it: bare where that is safe, else in double quotes. https://redis.io/docs/latest/develop/tools/cli/ */
function quoted(word: string): string {
  if (!/^$|[\0-\x20"'\x7f]/.test(word)) return word;
  return `"${word.replace(/["\\\n\r\t]/g, (character) => ESCAPES[character] ?? character)}"`;
}

/** One spelling for a command: clients write its name in either case. */
export function redisKey(words: readonly string[]): string {
  const [name = '', ...parameters] = words;
  return [name.toUpperCase(), ...parameters.map(quoted)].join(' ');
}

/** The same for a command that is one text already. */
export function redisTextKey(text: string): string {
  const end = text.indexOf(' ');
  return end < 0 ? text.toUpperCase() : text.slice(0, end).toUpperCase() + text.slice(end);
}
