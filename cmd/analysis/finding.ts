import type { Code } from '../../contract/codes.ts';

/**
 * `error`: pods are not captured; `warning`: something does not do what it seems to; `info`: as someone wants it, told
 * because it was asked for by name.
 */
export type Level = 'error' | 'warning' | 'info';

export interface Finding {
  readonly code: Code;
  readonly level: Level;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly message: string;
  /** A command that helps. */
  readonly fix?: string;
  /** The file that the object is from. */
  readonly source?: string;
}

const LEVELS: readonly Level[] = ['error', 'warning', 'info'];

/** The worst first, then by place. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  const key = ({ namespace = '', kind, name, code }: Finding) => [namespace, kind, name, code].join(' ');
  return findings.toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || key(a).localeCompare(key(b)));
}
