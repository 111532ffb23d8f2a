import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReportFormat } from '../../api/services.ts';
import { type Smtp, sendMail } from '../../mail/smtp.ts';
import type { ReportDocument } from '../document.ts';
import { Formats } from '../render/formats.ts';
import { headingOf } from '../render/heading.ts';
import { REPORT_TYPES, renderReport } from '../render/index.ts';
import { shown } from '../render/markup.ts';
import type { Schedule } from '../settings.ts';
import { reportTexts } from '../texts/index.ts';

const FILE_MODE = 0o600;

/**
 * Sends a report where its schedule wants it. A repeat replaces what the first one left: the same files, the same mail.
 * @throws what delivery/sinks/failure.ts has, or the system's own error of a directory
 */
export async function deliver(
  document: ReportDocument,
  { name, formats, to, directory }: Schedule,
  mail: Smtp | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (directory === undefined && to.length === 0) return undefined;
  const files: { filename: string; content: Buffer; format: ReportFormat }[] = [];
  for (const format of new Set(formats)) {
    const filename = `${name}-${document.id}.${format}`;
    files.push({ filename, content: await renderReport(document, format), format });
  }
  if (directory !== undefined) {
    for (const { filename, content } of files) await writeFile(join(directory, filename), content, { mode: FILE_MODE });
  }
  if (to.length === 0 || mail === undefined) return undefined;
  const { title, description, language, timeZone, cluster, id } = document;
  const texts = reportTexts(language);
  const lines = headingOf(document, texts, new Formats(language, timeZone)).map(([head, value]) => `${head}: ${value}`);
  return sendMail(
    mail,
    {
      id,
      to,
      subject: shown(['dbaudit', cluster, title].filter((word) => word !== undefined).join(' · ')),
      text: [title, description, '', ...lines, ''].map(shown).join('\n'),
      attachments: files.map(({ filename, content, format }) => ({
        filename,
        content,
        contentType: REPORT_TYPES[format],
      })),
    },
    signal,
  );
}
