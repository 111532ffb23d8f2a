import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type ColourChoice, createScreen } from '../../../../cmd/output/screen.ts';

function open(options: {
  readonly terminal: boolean;
  readonly colour?: ColourChoice;
  readonly environment?: Readonly<Record<string, string>>;
}) {
  const terminal = options.terminal ? { isTTY: true, columns: 40 } : {};
  const [stdout, stderr] = [Object.assign(new PassThrough(), terminal), Object.assign(new PassThrough(), terminal)];
  const { colour = 'auto', environment = {} } = options;
  const read = (stream: PassThrough) => {
    stream.end();
    let text = '';
    for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk);
    return text;
  };
  return {
    screen: createScreen({ stdout, stderr, environment, colour }),
    stdout: () => read(stdout),
    stderr: () => read(stderr),
  };
}

describe('colours', () => {
  test.each<[string, Parameters<typeof open>[0], boolean]>([
    ['in a terminal', { terminal: true }, true],
    ['not in a pipe', { terminal: false }, false],
    ['not with NO_COLOR', { terminal: true, environment: { NO_COLOR: '1' } }, false],
    ['an empty NO_COLOR says nothing', { terminal: true, environment: { NO_COLOR: '' } }, true],
    ['not in a terminal that has none', { terminal: true, environment: { TERM: 'dumb' } }, false],
    ['--color=always wins over both', { terminal: false, colour: 'always', environment: { NO_COLOR: '1' } }, true],
    ['--color=never', { terminal: true, colour: 'never' }, false],
  ])('%s', (_, options, painted) => {
    expect(open(options).screen.paint('red', 'x') !== 'x').toBe(painted);
  });
});

describe('lines', () => {
  test('data and words for people go apart', () => {
    const { screen, stdout, stderr } = open({ terminal: false });
    screen.print('data');
    screen.say('word');
    expect([stdout(), stderr()]).toEqual(['data\n', 'word\n']);
  });

  test('there is a width in a terminal alone', () => {
    expect(open({ terminal: true }).screen.width).toBe(40);
    expect(open({ terminal: false }).screen.width).toBeUndefined();
  });
});

describe('progress', () => {
  const slow = async (update: (state: string) => void) => {
    update('half\u001b[2J done');
    await sleep(1_300);
    return 'result';
  };

  test('short work is not mentioned', async () => {
    const { screen, stderr } = open({ terminal: true });
    await screen.progress('waiting', async (update) => update('x'));
    expect(stderr()).toBe('');
  });

  test('elsewhere a line for each change', async () => {
    const { screen, stderr } = open({ terminal: false });
    expect(await screen.progress('waiting', slow)).toBe('result');
    expect(stderr()).toBe('waiting: half\u{FFFD}[2J done\n');
  });

  test('in a terminal a line that is renewed, cut to its width and gone at the end', async () => {
    const { screen, stderr } = open({ terminal: true });
    await screen.progress('waiting for something with a long name', slow);
    const written = stderr();
    expect(written).toContain('waiting for something with a long name…');
    expect(written.endsWith('\r\u001b[2K')).toBe(true);
  });

  test('it goes also when the work fails', async () => {
    const { screen } = open({ terminal: true });
    await expect(screen.progress('waiting', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
