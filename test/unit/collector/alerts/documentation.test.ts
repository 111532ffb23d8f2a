import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import * as yaml from 'yaml';
import { alertsSchema } from '../../../../collector/alerts/settings.ts';

test('the configuration in docs/alerts.md is one', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/alerts.md'), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  const settings = alertsSchema.parse(yaml.parse(example).alerts);
  expect(settings.channels.map(({ type }) => type).toSorted()).toEqual([
    'alertmanager',
    'dingtalk',
    'feishu',
    'mail',
    'slack',
    'webhook',
    'wecom',
  ]);
});
