import { describe, expect, test } from '@jest/globals';
import { type Metric, metricsText, processMetrics } from '../../../agent/metrics.ts';

interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/g;

/** Reads the text format; throws where a line is none of it. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let help: RegExpExecArray | null = null;
  let samples: Family['samples'][number][] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const type = /^# TYPE (\S+) (counter|gauge)$/.exec(line);
    const sample = SAMPLE.exec(line);
    if (line.startsWith('# HELP ')) help = /^# HELP (\S+) (.+)$/.exec(line);
    else if (type !== null && help?.[1] === type[1]) {
      samples = [];
      families.set(type[1] ?? '', { type: type[2] ?? '', help: help?.[2] ?? '', samples });
    } else if (sample !== null && families.has(sample[1] ?? '')) {
      samples.push([labelsOf(sample[2] ?? ''), Number(sample[3]?.replace('Inf', 'Infinity'))]);
    } else throw new Error(`not of the format: ${line}`);
  }
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  return families;
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(LABEL)];
  if (pairs.map(([whole]) => whole).join('') !== text) throw new Error(`not labels: ${text}`);
  const unescaped = (value = '') => value.replace(/\\(.)/g, (_, letter) => (letter === 'n' ? '\n' : letter));
  return Object.fromEntries(pairs.map(([, name, value]) => [name, unescaped(value)]));
}

const metric = (read: Metric['read'], changes: Partial<Metric> = {}): Metric => ({
  name: 'dbaudit_things_total',
  type: 'counter',
  help: 'Things.',
  read,
  ...changes,
});

describe('metricsText', () => {
  test('is what Prometheus reads', () => {
    const sinks = [
      { labels: { sink: 'file', reason: 'full' }, value: 3 },
      { labels: { sink: 'stdout', reason: 'gone' }, value: 0 },
    ];
    expect(metricsText([metric(() => 7), metric(() => sinks, { name: 'dbaudit_lag_seconds', type: 'gauge' })])).toBe(
      '# HELP dbaudit_things_total Things.\n# TYPE dbaudit_things_total counter\ndbaudit_things_total 7\n' +
        '# HELP dbaudit_lag_seconds Things.\n# TYPE dbaudit_lag_seconds gauge\n' +
        'dbaudit_lag_seconds{sink="file",reason="full"} 3\ndbaudit_lag_seconds{sink="stdout",reason="gone"} 0\n',
    );
  });

  test.each(['plain', 'a "quote"', 'back\\slash\\', 'two\nlines', 'é, 订单', '\\n', 'a="b",c="d"', ''])(
    'label values read back: %j',
    (value) => {
      const { samples } = parse(metricsText([metric(() => [{ labels: { name: value, other: 'x' }, value: 1 }])])).get(
        'dbaudit_things_total',
      ) ?? { samples: [] };
      expect(samples).toEqual([[{ name: value, other: 'x' }, 1]]);
    },
  );

  test.each([0, 1.5, 1e21, 1e-9, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'numbers read back: %d',
    (value) => {
      expect(parse(metricsText([metric(() => value)])).get('dbaudit_things_total')?.samples).toEqual([[{}, value]]);
    },
  );

  test('help stays on its line', () => {
    expect(metricsText([metric(() => 1, { help: 'one\ntwo \\ three' })])).toContain(
      '# HELP dbaudit_things_total one\\ntwo \\\\ three\n',
    );
  });

  test('reads at the time it is asked', () => {
    let things = 1;
    const metrics = [metric(() => things)];
    const first = metricsText(metrics);
    things = 2;
    expect([first, metricsText(metrics)].map((text) => text.split('\n').at(-2))).toEqual([
      'dbaudit_things_total 1',
      'dbaudit_things_total 2',
    ]);
  });

  test('leaves out what has no samples', () => {
    expect(metricsText([metric(() => [])])).toBe('');
  });
});

test('processMetrics has figures that make sense', () => {
  const families = parse(metricsText(processMetrics()));
  const value = (name: string) => families.get(name)?.samples[0]?.[1] ?? Number.NaN;
  expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  expect(Math.abs(value('process_start_time_seconds') * 1000 - performance.timeOrigin)).toBeLessThan(1);
});
