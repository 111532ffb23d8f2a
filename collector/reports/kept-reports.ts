import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import * as z from 'zod';
import { systemErrorCode, wordsOf } from '../../delivery/system-error.ts';
import { replaceFile } from '../rules/rule-files.ts';
import { type ReportDocument, reportDocumentSchema } from './document.ts';

const ENDING = '.report';
const DAY_MILLIS = 86_400_000;
const DIRECTORY_MODE = 0o700;
const headerSchema = reportDocumentSchema.omit({ sections: true });
const sectionsSchema = z.object({ sections: reportDocumentSchema.shape.sections });

export type ReportHeader = z.infer<typeof headerSchema>;

export interface KeptReportsOptions {
  readonly directory: string;
  readonly keepDays: number;
  readonly maxReports: number;
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * Reports on disk: a file each, its header on the first line, so that a list of them takes little memory. Readable by the
 * collector alone.
 */
export class KeptReports {
  readonly #options: KeptReportsOptions;
  /** The newest last. */
  #headers: ReportHeader[] = [];

  constructor(options: KeptReportsOptions) {
    const { directory, log } = options;
    this.#options = options;
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    for (const file of readdirSync(directory).filter((name) => name.endsWith(ENDING))) {
      try {
        const [head = ''] = readFileSync(join(directory, file), 'utf8').split('\n', 1);
        this.#headers.push(headerSchema.parse(JSON.parse(head)));
      } catch (error) {
        log.warn(
          { file, error: wordsOf(error) },
          'a kept report is not as this version writes it; it is left as it is',
        );
      }
    }
    this.#headers.sort((one, other) => one.madeAt - other.madeAt);
    this.#prune();
  }

  /** The newest first. */
  list(): readonly ReportHeader[] {
    return this.#headers.toReversed();
  }

  header(id: string): ReportHeader | undefined {
    return this.#headers.find((header) => header.id === id);
  }

  /** On disk, or not at all. */
  keep(document: ReportDocument): void {
    const { sections, ...header } = document;
    replaceFile(this.#path(document.id), `${JSON.stringify(header)}\n${JSON.stringify({ sections })}\n`);
    this.#headers.push(header);
    this.#prune();
  }

  /** Undefined: there is none. */
  async read(id: string): Promise<ReportDocument | undefined> {
    const header = this.header(id);
    if (header === undefined) return undefined;
    try {
      const text = await readFile(this.#path(id), 'utf8');
      return { ...header, ...sectionsSchema.parse(JSON.parse(text.slice(text.indexOf('\n')))) };
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      this.#headers = this.#headers.filter((one) => one.id !== id);
      return undefined;
    }
  }

  #prune(): void {
    const { maxReports, keepDays, now } = this.#options;
    const oldest = now() - keepDays * DAY_MILLIS;
    const excess = this.#headers.length - maxReports;
    const gone = this.#headers.filter(({ madeAt }, index) => index < excess || madeAt < oldest);
    for (const { id } of gone) rmSync(this.#path(id), { force: true });
    if (gone.length > 0) this.#headers = this.#headers.filter((header) => !gone.includes(header));
  }

  #path(id: string): string {
    return join(this.#options.directory, `${id}${ENDING}`);
  }
}
