import { UserError } from '../../../contract/user-error.ts';
import { CompactFormat } from './compact.ts';
import { DictFormat } from './dict.ts';
import type { EventFormat, FormatSettings } from './format.ts';
import { JsonFormat } from './json.ts';
import { jsonpathFormat } from './jsonpath.ts';
import { templateFormat } from './template.ts';
import { WideFormat } from './wide.ts';

type OpenFormat = (settings: FormatSettings, argument: string) => EventFormat;

/** To add a format, add it here; `argument` is what follows `NAME=`. */
const FORMATS: ReadonlyMap<string, OpenFormat> = new Map<string, OpenFormat>([
  ['compact', (settings) => new CompactFormat(settings)],
  ['wide', (settings) => new WideFormat(settings)],
  ['dict', (settings) => new DictFormat(settings)],
  ['json', () => new JsonFormat()],
  ['jsonpath', (_, template) => jsonpathFormat(template)],
  ['template', (settings, template) => templateFormat(template, settings)],
]);

const WITH_ARGUMENT: readonly string[] = ['jsonpath', 'template'];

/**
 * The format that `-o` names.
 * @throws UserError DBA1004
 */
export function openFormat(output: string, settings: FormatSettings): EventFormat {
  const [, name = '', argument] = /^([^=]*)(?:=(.*))?$/s.exec(output) ?? [];
  const open = FORMATS.get(name);
  const takes = WITH_ARGUMENT.includes(name);
  if (open === undefined || takes !== (argument !== undefined && argument !== ''))
    throw new UserError(
      'DBA1004',
      takes ? `-o ${name} needs a template: -o ${name}='…'` : `there is no format -o ${output}`,
      'There are compact, wide, dict, json, jsonpath={.user.name} and template={{user.name}}.',
    );
  return open(settings, argument ?? '');
}
