import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../agent/config.ts';
import { loadConfig, printConfig } from '../../../agent/config-file.ts';
import { PROTOCOL_NAMES } from '../../../contract/labels.ts';
import { UserError } from '../../../contract/user-error.ts';

describe('readConfig', () => {
  test('an empty file gives the defaults', () => {
    const config = readConfig(undefined, {});
    expect(config.capture).toMatchObject({ source: 'auto', device: 'any', ringMebibytes: 8, allPorts: false });
    expect(config.redact).toBe('secrets');
    expect(config.sinks).toEqual([{ type: 'stdout' }]);
    expect(config.http).toEqual({ enabled: true, address: '127.0.0.1', port: 9465 });
  });

  test('every known protocol has its ports', () => {
    expect(readConfig({}, {}).capture.ports).toEqual({ mysql: [3306], postgresql: [5432], redis: [6379] });
  });

  test('settings of pods know the same protocols', () => {
    expect([...PROTOCOL_NAMES]).toEqual(readConfig({}, {}).capture.protocols);
  });

  test('the environment wins over the file, whatever section it names', () => {
    const config = readConfig(
      { capture: { device: 'eth0' }, redact: 'none' },
      {
        DBAUDIT_CAPTURE_DEVICE: 'lo',
        DBAUDIT_HTTP_PORT: '0',
        DBAUDIT_HTTP_ENABLED: 'false',
        DBAUDIT_CAPTURE_PORTS_MYSQL: '3306, 3307',
      },
    );
    expect(config.capture.device).toBe('lo');
    expect(config.capture.ports.mysql).toEqual([3306, 3307]);
    expect(config.http).toMatchObject({ enabled: false, port: 0 });
    expect(config.redact).toBe('none');
  });

  test('ports and protocols as the annotations of a pod have them', () => {
    const { capture } = readConfig(
      { capture: { ports: { redis: [6380] } } },
      { DBAUDIT_CAPTURE_PORTS: '3306=mysql,6433=postgresql,3307=mysql', DBAUDIT_CAPTURE_PROTOCOLS: 'mysql, redis' },
    );
    expect(capture.ports).toEqual({ mysql: [3306, 3307], postgresql: [6433], redis: [6380] });
    expect(capture.protocols).toEqual(['mysql', 'redis']);
  });

  test('the directory of the spool comes from the environment, as in an injected pod', () => {
    const { delivery } = readConfig({}, { DBAUDIT_SPOOL_DIRECTORY: '/var/lib/dbaudit/spool' });
    expect(delivery.spool).toMatchObject({ directory: '/var/lib/dbaudit/spool', fsync: 'interval' });
    expect(readConfig({}, {}).delivery.spool).toBeUndefined();
  });

  test('sinks are told apart by their names', () => {
    const file = { type: 'file', path: '/tmp/a' };
    expect(() => readConfig({ sinks: [file, file] }, {})).toThrow(/sinks\.1\.name: there is another sink file/);
    expect(readConfig({ sinks: [file, { ...file, name: 'second' }] }, {}).sinks).toHaveLength(2);
  });

  test('an empty variable is as good as none', () => {
    expect(readConfig({ redact: 'literals' }, { DBAUDIT_REDACT: '' }).redact).toBe('literals');
  });

  const wrong: readonly (readonly [name: string, file: unknown, environment: Record<string, string>, says: RegExp])[] =
    [
      ['an unknown key', { captur: {} }, {}, /captur/],
      ['an unknown nested key', { capture: { devise: 'x' } }, {}, /capture: .*devise/],
      ['a wrong choice', { redact: 'all' }, {}, /redact: .*secrets.*literals.*none/],
      ['a port out of range', { capture: { ports: { mysql: [70000] } } }, {}, /capture\.ports\.mysql\.0: .*65535/],
      ['a ring that takes the node down', { capture: { ringMebibytes: 4096 } }, {}, /capture\.ringMebibytes: .*1024/],
      ['a sink nobody knows', { sinks: [{ type: 'carrier-pigeon' }] }, {}, /sinks\.0\.type/],
      ['no sink at all', { sinks: [] }, {}, /sinks/],
      ['a list in place of the file', ['capture'], {}, /the whole file/],
      ['a section that is no section', { capture: 'any' }, { DBAUDIT_CAPTURE_DEVICE: 'lo' }, /capture: /],
      ['a wrong variable', {}, { DBAUDIT_CAPTURE_RING_MEBIBYTES: 'many' }, /capture\.ringMebibytes/],
    ];
  test.each(wrong)('%s is refused with its path', (_, file, environment, says) => {
    const read = () => readConfig(file, environment);
    expect(read).toThrow(UserError);
    expect(read).toThrow(says);
  });

  test('several mistakes are told at once', () => {
    expect(() => readConfig({ redact: 'all', format: 'xml' }, {})).toThrow(/redact: .*; format: /);
  });

  test('what is printed can be given back', async () => {
    const { mkdtemp, writeFile, rm } = await import('node:fs/promises');
    const directory = await mkdtemp('/tmp/dbaudit-config-');
    try {
      const config = readConfig({ redact: 'literals', sinks: [{ type: 'file', path: '/tmp/x' }] }, {});
      await writeFile(`${directory}/agent.yaml`, printConfig(config));
      expect(await loadConfig(`${directory}/agent.yaml`, {})).toEqual(config);
      await writeFile(`${directory}/agent.yaml`, 'capture: {device: [');
      await expect(loadConfig(`${directory}/agent.yaml`, {})).rejects.toThrow(/is not YAML/);
      await writeFile(`${directory}/agent.yaml`, '# nothing but a comment\n');
      expect((await loadConfig(`${directory}/agent.yaml`, {})).redact).toBe('secrets');
      await expect(loadConfig(`${directory}/none.yaml`, {})).rejects.toThrow(/none\.yaml cannot be read/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
