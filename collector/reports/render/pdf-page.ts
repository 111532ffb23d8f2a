import { setImmediate as turn } from 'node:timers/promises';
import type PDFDocument from 'pdfkit';

export const MARGIN = 42;
/** For the page’s number. */
const FOOT = 26;
export const INK = { text: '#17202b', muted: '#566270', line: '#dce1e7', raised: '#f4f6f8' } as const;

/** A4 in points, filled from the top; begins new pages as it needs them. */
export class PdfPage {
  readonly pdf: typeof PDFDocument.prototype;
  readonly left = MARGIN;
  readonly width: number;
  y = MARGIN;

  constructor(pdf: typeof PDFDocument.prototype) {
    this.pdf = pdf;
    this.width = pdf.page.width - 2 * MARGIN;
  }

  get bottom(): number {
    return this.pdf.page.height - MARGIN - FOOT;
  }

  /** So much is left on this page, or there is another. Others have their turn in between. */
  async room(height: number): Promise<boolean> {
    await turn();
    if (this.y + height <= this.bottom) return false;
    this.pdf.addPage();
    this.y = MARGIN;
    return true;
  }

  heightOf(text: string, size: number, width = this.width): number {
    return this.pdf.fontSize(size).heightOfString(text, { width });
  }

  /** At the left edge unless told, over as many pages as it takes. */
  async write(text: string, size: number, ink: string = INK.text, strong = false): Promise<void> {
    const height = this.heightOf(text, size);
    await this.room(height);
    this.put(text, this.left, this.y, { size, ink, strong, width: this.width });
    this.y += height;
  }

  /** One font has one weight: what is strong is drawn with an outline. */
  put(
    text: string,
    x: number,
    y: number,
    {
      size,
      ink = INK.text,
      strong = false,
      width,
      align = 'left',
    }: {
      readonly size: number;
      readonly ink?: string;
      readonly strong?: boolean;
      readonly width: number;
      readonly align?: 'left' | 'right' | 'center';
    },
  ): void {
    const outline = strong ? { stroke: true, fill: true } : {};
    this.pdf
      .lineWidth(size / 36)
      .fillColor(ink)
      .strokeColor(ink)
      .fontSize(size)
      .text(text, x, y, { width, align, ...outline });
  }

  rule(y: number, ink: string = INK.line): void {
    this.pdf
      .lineWidth(0.5)
      .strokeColor(ink)
      .moveTo(this.left, y)
      .lineTo(this.left + this.width, y)
      .stroke();
  }
}
