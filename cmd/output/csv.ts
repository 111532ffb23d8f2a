/** One record, without its line end. https://www.rfc-editor.org/rfc/rfc4180 */
export function csvLine(values: readonly (string | number)[]): string {
  return values.map((value) => quote(String(value))).join(',');
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
