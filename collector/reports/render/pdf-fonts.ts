import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { QueryProblem } from '../../store/failure.ts';

export interface PdfFont {
  readonly file: string;
  /** Which one of a collection. */
  readonly family: string;
}

/** Latin, Greek, Cyrillic and Chinese in one. Beside the bundle; as Debian installs it; what Debian has for all of CJK. */
const FONTS: readonly PdfFont[] = [
  { file: join(import.meta.dirname, 'fonts/wqy-microhei.ttc'), family: 'WenQuanYiMicroHei' },
  { file: '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc', family: 'WenQuanYiMicroHei' },
  { file: '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc', family: 'NotoSansCJKsc-Regular' },
];

/** @throws QueryProblem where there is none */
export async function pdfFont(fonts: readonly PdfFont[] = FONTS): Promise<PdfFont> {
  for (const font of fonts) {
    const isThere = await access(font.file).then(
      () => true,
      () => false,
    );
    if (isThere) return font;
  }
  throw new QueryProblem(
    'this collector has no font to write PDF with: install fonts-wqy-microhei, or take the report as HTML, which prints as well',
  );
}
