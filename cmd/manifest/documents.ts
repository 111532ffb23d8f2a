import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type Document, type ParsedNode, parseAllDocuments, type ScalarTag, stringify, type Tags } from 'yaml';
import { UserError } from '../../contract/user-error.ts';

/** One YAML document of a file. */
export interface ManifestDocument {
  readonly value: unknown;
  /** As it was read, ending with a line break; without the `---` before it. */
  readonly text: string;
}

/** What kubectl takes from a directory. */
const EXTENSION = /\.(ya?ml|json)$/;

/** kubectl reads YAML 1.1, but this integer of 1.2 as well. */
const OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^0o[0-7]+$/,
  resolve: (digits) => Number.parseInt(digits.slice(2), 8),
};

/** 1.1 as kubectl knows it: `yes` is true and `0644` octal; times of day and dates stay text. */
function kubectlTags(tags: Tags): Tags {
  const unknown = (tag: Tags[number]) =>
    typeof tag === 'object' &&
    (tag.tag === 'tag:yaml.org,2002:timestamp' || ('format' in tag && tag.format === 'TIME'));
  return [...tags.filter((tag) => !unknown(tag)), OCTAL];
}

/**
 * The documents of files, of the files in directories (not below them) and of standard input (`-`), in order. Empty
 * documents are left out.
 * @throws UserError DBA1002 where a file cannot be read, DBA1007 where it is neither YAML nor JSON
 */
export async function readDocuments(paths: readonly string[], stdin: Readable): Promise<ManifestDocument[]> {
  const documents: ManifestDocument[] = [];
  for (const path of paths) {
    if (path === '-') documents.push(...parseDocuments('standard input', await text(stdin)));
    else
      for (const file of await filesAt(path))
        documents.push(...parseDocuments(file, await readable(file, readFile(file, 'utf8'))));
  }
  return documents;
}

/** YAML that every reader of 1.1 and of 1.2 takes for this value. */
export function toYaml(value: unknown): string {
  return stringify(value, {
    version: '1.1',
    compat: 'core',
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
}

async function filesAt(path: string): Promise<string[]> {
  if (!(await readable(path, stat(path))).isDirectory()) return [path];
  const names = (await readable(path, readdir(path))).filter((name) => EXTENSION.test(name));
  return names.toSorted().map((name) => join(path, name));
}

async function readable<Result>(path: string, reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError('DBA1002', `${path} cannot be read: ${reason}`, 'check the path and its rights');
  }
}

function parseDocuments(source: string, content: string): ManifestDocument[] {
  const parsed = parseAllDocuments<ParsedNode>(content, { version: '1.1', customTags: kubectlTags });
  const documents: ManifestDocument[] = [];
  let start = 0;
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const [error] = document.errors;
    if (error) throw invalid(source, error.message);
    const [, , end] = document.range;
    const text = content.slice(start, end).replace(/^---(?:[ \t]*\n|[ \t]+)/, '');
    const value = plainValue(source, document);
    if (value !== null && value !== undefined)
      documents.push({ value, text: text.endsWith('\n') ? text : `${text}\n` });
    start = end;
  }
  return documents;
}

function plainValue(source: string, document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw invalid(source, error instanceof Error ? error.message : String(error)); // an alias of nothing, or too many
  }
}

function invalid(source: string, reason: string): UserError {
  return new UserError('DBA1007', `${source}: ${reason.trimEnd()}`, 'correct the file at that place');
}
