import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

/** Biome says nothing when a rule's pattern matches no file, so each boundary is shown to fire. */
const FORBIDDEN: readonly (readonly [path: string, imported: string])[] = [
  ['agent/pipeline.ts', '../cmd/context.ts'],
  ['delivery/delivery.ts', '../webhook/inject.ts'],
  ['cmd/program.ts', '../agent/pipeline.ts'],
  ['cmd/commands/sink.ts', '../../delivery/delivery.ts'],
  ['agent/run.ts', '../manifests/render.ts'],
  ['cmd/commands/install.ts', '../../webhook/policy.ts'],
  ['webhook/server.ts', '../cmd/context.ts'],
  ['webhook/config.ts', '../agent/config.ts'],
  ['webhook/names.ts', '../manifests/metadata.ts'],
  ['manifests/render.ts', '../cmd/context.ts'],
  ['manifests/deployment.ts', '../webhook/server.ts'],
  ['manifests/configuration.ts', '../agent/config.ts'],
  ['collector/kept.ts', '../agent/pipeline.ts'],
  ['collector/intake.ts', '../cmd/context.ts'],
  ['collector/server.ts', '../webhook/server.ts'],
  ['kubernetes/informer.ts', '../collector/server.ts'],
  ['contract/filter.ts', '../collector/query/matcher.ts'],
  ['cmd/commands/query.ts', '../../collector/main.ts'],
  ['agent/protocols/session.ts', 'node:fs'],
  ['agent/protocols/mysql/index.ts', '../../capture/packet-source.ts'],
  ['agent/sql/analysis.ts', '../encode/native.ts'],
  ['agent/tcp/segment.ts', 'node:net'],
];

const ALLOWED: readonly (readonly [path: string, imported: string])[] = [
  ['cmd/commands/replay.ts', '../../agent/replay.ts'],
  ['cmd/capture/prediction.ts', '../../webhook/inject.ts'],
  ['cmd/commands/upgrade.ts', '../../manifests/render.ts'],
  ['manifests/policy.ts', '../webhook/policy.ts'],
  ['agent/main.ts', '../delivery/delivery.ts'],
  ['collector/event/template.ts', '../../agent/sql/analyze.ts'],
  ['collector/event/template.ts', '../../agent/enrich/redis-literals.ts'],
  ['collector/main.ts', '../kubernetes/informer.ts'],
  ['webhook/main.ts', '../kubernetes/informer.ts'],
];

const directory = mkdtempSync(join(tmpdir(), 'dbaudit-boundaries-'));
let report = '';

beforeAll(() => {
  const { vcs: _, ...rules } = JSON.parse(readFileSync('biome.json', 'utf8'));
  writeFileSync(join(directory, 'biome.json'), JSON.stringify(rules));
  for (const [path, imported] of [...FORBIDDEN, ...ALLOWED]) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), `import * as probe from '${imported}';\n\nexport const used = probe;\n`);
  }
  const lint = spawnSync(resolve('node_modules/.bin/biome'), ['lint', '--max-diagnostics=100'], {
    cwd: directory,
    encoding: 'utf8',
  });
  report = `${lint.stdout}${lint.stderr}`;
});

afterAll(() => rmSync(directory, { recursive: true }));

describe('a part imports only what it may', () => {
  test.each(FORBIDDEN)('%s may not import %s', (path) => {
    expect(report).toMatch(new RegExp(`^${path}:\\d+:\\d+ lint/style/noRestrictedImports`, 'm'));
  });

  test.each(ALLOWED)('%s may import %s', (path) => {
    expect(report).not.toMatch(new RegExp(`^${path}:`, 'm'));
  });
});
