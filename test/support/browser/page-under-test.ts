import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect } from '@jest/globals';
import type { Result } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type PageServer, servePage } from '../collector-web/server.ts';
import { auditTrail } from '../collector-web/trail.ts';
import { BROWSER_ENDPOINT, PAGE_DIRECTORY } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const EVENTS = 4_000;

interface Visit {
  readonly page: Page;
  /** Fails the test if the page broke its policy, asked another host, threw, or ran what an event said. */
  expectNoTrespass(): Promise<void>;
}

export interface PageUnderTest {
  readonly server: PageServer;
  /** When the trail ends: the server's now. */
  readonly now: number;
  /** A fresh page, as somebody sees it for the first time. */
  visit(path: string, options?: BrowserContextOptions): Promise<Visit>;
}

/** A server and the suite's browser for the tests of one file. */
export function pageUnderTest(copies = 1): () => PageUnderTest {
  let browser: Browser;
  let server: PageServer;
  // The page's clock is the browser's, so the trail ends now; nothing is compared with the clock.
  const now = Date.now();
  beforeAll(async () => {
    server = await servePage(PAGE_DIRECTORY, auditTrail(now, EVENTS), now, copies);
    browser = await chromium.connect(process.env[BROWSER_ENDPOINT] ?? '');
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });
  return () => ({
    server,
    now,
    visit: (path, options = {}) => visit(browser, server.url, path, options),
  });
}

async function visit(browser: Browser, url: string, path: string, options: BrowserContextOptions): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  const trespasses: string[] = [];
  page.on('pageerror', ({ message }) => trespasses.push(`thrown: ${message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== url && protocol !== 'data:' && protocol !== 'blob:') trespasses.push(`asked ${request.url()}`);
  });
  await page.addInitScript(`
    window.violations = [];
    addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective + ' ' + event.blockedURI));
  `);
  await page.goto(url + path);
  return {
    page,
    async expectNoTrespass() {
      const violations = await page.evaluate('window.violations');
      expect(violations).toEqual([]);
      expect(await page.evaluate('window.hacked')).toBeUndefined();
      expect(trespasses).toEqual([]);
      await context.close();
    },
  };
}

/** What axe finds serious or worse. https://github.com/dequelabs/axe-core/blob/develop/doc/API.md */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const violations: readonly Result[] = await page.evaluate(
    'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations)',
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}
