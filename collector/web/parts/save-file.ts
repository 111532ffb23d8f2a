/** Hands a file to the browser's downloads. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  // The download has its own hold on the content once it began.
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MILLIS);
}

const REVOKE_MILLIS = 60_000;
