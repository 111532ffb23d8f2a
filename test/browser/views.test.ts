import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { pageUnderTest, seriousFindings } from '../support/browser/page-under-test.ts';
import { SESSION_ID } from '../support/collector-web/trail.ts';

interface View {
  readonly path: string;
  /** What is there once it has what it waits for. */
  ready(page: Page): Promise<unknown>;
}

const shows = (text: string | RegExp) => (page: Page) => page.getByText(text).first().waitFor();
const VIEWS: Readonly<Record<string, View>> = {
  overview: { path: '/', ready: (page) => page.locator('.ranking').nth(3).waitFor() },
  search: { path: '/search?q=class:read', ready: (page) => page.locator('.event-row .sql-keyword').first().waitFor() },
  event: { path: '/search?event=masked', ready: (page) => page.locator('.all-fields').waitFor() },
  session: { path: `/session/${SESSION_ID}`, ready: (page) => page.locator('.gap-line').first().waitFor() },
  tail: { path: '/tail', ready: (page) => page.locator('.live').waitFor() },
  map: { path: '/map', ready: (page) => page.locator('.matrix').waitFor() },
  sql: { path: '/sql?sql=SELECT+1', ready: (page) => page.locator('.rows').waitFor() },
  alerts: { path: '/alerts', ready: (page) => page.locator('.list').waitFor() },
  alert: { path: '/alerts?id=a1', ready: (page) => page.locator('.event-row .sql-keyword').first().waitFor() },
  silences: { path: '/alerts?tab=silences', ready: (page) => page.locator('.empty').waitFor() },
  rules: { path: '/rules', ready: (page) => page.locator('.list').waitFor() },
  rule: { path: '/rules?id=db.write.no_where', ready: (page) => page.locator('.source').waitFor() },
  editor: { path: '/rules?id=%2Bnew', ready: (page) => page.locator('.editor').waitFor() },
  reports: { path: '/reports', ready: (page) => page.locator('.report-form').waitFor() },
  integrity: { path: '/integrity', ready: (page) => page.locator('.empty').waitFor() },
  status: { path: '/status', ready: shows('shop/pg-0') },
  'no such view': { path: '/nowhere', ready: (page) => page.locator('.empty').waitFor() },
};

describe('every view, in both themes and languages', () => {
  const served = pageUnderTest();

  test.each(Object.entries(VIEWS))('%s', async (_name, { path, ready }) => {
    for (const [colorScheme, locale, width] of [
      ['light', 'en-GB', 1280],
      ['dark', 'zh-CN', 390],
    ] as const) {
      const { page, expectNoTrespass } = await served().visit(path, {
        colorScheme,
        locale,
        viewport: { width, height: 844 },
      });
      await ready(page);
      expect(await seriousFindings(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      expect(await page.evaluate('document.documentElement.lang')).toBe(locale === 'zh-CN' ? 'zh-CN' : 'en');
      await expectNoTrespass();
    }
  });

  test('the sign-in page', async () => {
    const { server, visit } = served();
    server.signedIn = false;
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, expectNoTrespass } = await visit('/', { colorScheme });
      await page.getByLabel('Kubernetes token').waitFor();
      expect(await seriousFindings(page)).toEqual([]);
      await expectNoTrespass();
    }
    server.signedIn = true;
  });
});
