/** Debian's package `chromium`. */
export const CHROMIUM = '/usr/bin/chromium';
export const BROWSER_ENDPOINT = 'DBAUDIT_TEST_BROWSER';
/** Apart from build/web, which a command may be making at the same time. */
export const PAGE_DIRECTORY = 'build/test/web';
