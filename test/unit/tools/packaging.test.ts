import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readConfiguration } from '../../../tools/image/archive.ts';
import { archiveName } from '../../../tools/krew/archive.ts';
import { renderManifest } from '../../../tools/krew/manifest.ts';
import { NODE_PACKAGES, PLATFORMS } from '../../../tools/node-binaries.ts';

const TEMPLATE = readFileSync('krew/dbaudit.yaml', 'utf8');
const SUM = 'a'.repeat(64);

test('Node is the same in the lock file and in what is shipped', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const locked = Object.values(NODE_PACKAGES).filter(({ name }) => `node_modules/${name}` in packages);
  expect(locked.length).toBeGreaterThanOrEqual(4);
  for (const { name, version, integrity } of locked) {
    expect(packages[`node_modules/${name}`]).toMatchObject({ version, integrity });
  }
});

describe('the manifest for krew', () => {
  test('has every platform that Node is to be had for, and no template is left in it', () => {
    const rendered = renderManifest(TEMPLATE, '1.2.3', () => SUM);
    expect(rendered).not.toMatch(/\{\{|\}\}/);
    const { spec } = parse(rendered);
    expect(spec.version).toBe('v1.2.3');
    const archives = spec.platforms.map(({ uri }: { readonly uri: string }) => uri.split('/').at(-1));
    expect(new Set(archives)).toEqual(new Set(PLATFORMS.map((platform) => archiveName('1.2.3', platform))));
    for (const { uri, sha256, bin, selector } of spec.platforms) {
      expect(uri).toContain('/download/v1.2.3/dbaudit-v1.2.3-');
      expect(sha256).toBe(SUM);
      expect(bin).toBe(selector.matchLabels.os === 'windows' ? 'kubectl-dbaudit.exe' : 'kubectl-dbaudit');
    }
  });

  test('leaves out what was not built', () => {
    const built = archiveName('1.2.3', 'linux-arm64');
    const { spec } = parse(renderManifest(TEMPLATE, '1.2.3', (name) => (name === built ? SUM : undefined)));
    expect(spec.platforms).toEqual([
      expect.objectContaining({ selector: { matchLabels: { os: 'linux', arch: 'arm64' } } }),
    ]);
  });
});

describe('an archive of the image runs as the Containerfile says', () => {
  test('ours', () => {
    expect(readConfiguration(readFileSync('Containerfile', 'utf8'))).toMatchObject({
      User: '65532:65532',
      Env: expect.arrayContaining(['PATH=/bin']),
      Entrypoint: ['/bin/node', '/opt/dbaudit/dbaudit-agent.mjs'],
      Cmd: ['run'],
    });
  });

  test('one with an instruction that is not known is refused', () => {
    expect(() => readConfiguration('FROM scratch\nWORKDIR /tmp\n')).toThrow('WORKDIR /tmp');
  });
});
