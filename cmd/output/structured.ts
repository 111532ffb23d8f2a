import { stringify } from 'yaml';
import type { Screen } from './screen.ts';

/** Of every document that a command prints for programs. Fields are added to a version, never changed. */
export const OUTPUT_API_VERSION = 'cli.dbaudit.io/v1';

/** What a command prints for programs; its schema is in schemas/index.ts under its kind. */
export interface OutputDocument {
  readonly apiVersion: typeof OUTPUT_API_VERSION;
  readonly kind: string;
}

/** Prints the document whole, as JSON or YAML. */
export function printDocument<Document extends OutputDocument>(
  screen: Screen,
  format: 'json' | 'yaml',
  document: Document,
): void {
  screen.print(format === 'json' ? JSON.stringify(document, undefined, 2) : stringify(document).trimEnd());
}
