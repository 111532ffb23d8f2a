import { CODES } from '../../contract/codes.ts';

const GROUPS = [
  {
    prefix: 'DBA1',
    title: 'A command could not do its work',
    about: 'It ends with one line that says what was wrong and what to do next.',
  },
  {
    prefix: 'DBA2',
    title: 'A pod is not captured, or not wholly',
    about:
      'In the annotation `status.dbaudit.io/skipped`, in warnings and events, in `kubectl dbaudit analyze` and `coverage`. The pod runs all the same.',
  },
  { prefix: 'DBA3', title: 'What a check found', about: 'In `kubectl dbaudit check`.' },
  {
    prefix: 'DBA4',
    title: 'Events do not reach a receiver',
    about:
      'In the agent’s log and `/status`, in `kubectl dbaudit sink list` and `sink test`. The agent goes on; events wait for the receiver as long as there is room.',
  },
  {
    prefix: 'DBA5',
    title: 'The collector does not answer what it was asked',
    about:
      'In its answers, on its page and in the commands that ask it. Agents get them too, and keep their events meanwhile.',
  },
] as const;

/** docs/codes.md: each code under a heading of its own, so that `docs/codes.md#dba2001` leads there. */
export function codesPage(): string {
  const groups = GROUPS.map(({ prefix, title, about }) => {
    const codes = Object.entries(CODES).filter(([code]) => code.startsWith(prefix));
    return [
      `## ${title}`,
      about,
      ...codes.flatMap(([code, text]) => [`### ${code}`, `**${sentence(text.title)}** ${text.help}`]),
    ];
  });
  const intro = 'Codes never change their meaning. `kubectl dbaudit explain CODE` says the same in the terminal.';
  return `${['<!-- Generated from contract/codes.ts by tools/generate-reference.ts. -->', '# Codes', intro, ...groups.flat()].join('\n\n')}\n`;
}

function sentence(title: string): string {
  return `${title.charAt(0).toUpperCase()}${title.slice(1)}.`;
}
