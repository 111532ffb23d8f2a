import type { ReportDocument } from '../document.ts';
import type { ReportTexts } from '../texts/index.ts';
import type { Formats } from './formats.ts';

/** What stands above every form of a report: name and value. */
export function headingOf(
  { range, madeAt, by, cluster, namespaces, timeZone }: ReportDocument,
  { frame }: ReportTexts,
  formats: Formats,
): readonly (readonly [string, string])[] {
  const scope =
    namespaces === 'all'
      ? frame.everything
      : namespaces.length === 0
        ? frame.noNamespaces
        : frame.onlyNamespaces(namespaces.join(', '));
  return [
    [frame.period, `${formats.minute(range.from)} – ${formats.minute(range.to)} (${timeZone})`],
    [frame.made, `${formats.minute(madeAt)}, ${frame.by} ${by}`],
    ...(cluster === undefined ? [] : [[frame.cluster, cluster] as const]),
    [frame.scope, scope],
  ];
}
