import { describe, expect, test } from '@jest/globals';
import { pageUnderTest } from '../support/browser/page-under-test.ts';
import { TOKEN } from '../support/collector-web/server.ts';
import { HOSTILE, MASKED_STATEMENT } from '../support/collector-web/trail.ts';

describe('what the page may be trusted with', () => {
  const served = pageUnderTest();

  test.each([
    '/',
    '/search?event=hostile',
    '/map',
    '/alerts',
    '/alerts?id=a3',
    '/sql?sql=x',
    '/search?q=%3Cimg%20src%3Dx%20onerror%3D%22window.hacked%3D9%22%3E',
  ])('statements, accounts and tables that try to become part of the page stay texts: %s', async (path) => {
    const { page, expectNoTrespass } = await served().visit(path);
    await page
      .locator('.ranking, .all-fields, .syntax-problem, .matrix, .list, .history, .rows, .result-bar')
      .first()
      .waitFor();
    await page.waitForLoadState('networkidle');
    expect(await page.locator('main img, main script, main svg[onload], main iframe').count()).toBe(0);
    expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
    await expectNoTrespass();
  });

  test('an event shows a hostile statement letter by letter', async () => {
    const { page, expectNoTrespass } = await served().visit('/search?event=hostile');
    await page.getByRole('button', { name: 'As sent' }).click();
    expect(await page.locator('.statement-block pre').innerText()).toBe(HOSTILE.statement);
    await expectNoTrespass();
  });

  test('masked secrets are shown as such, and hidden values are said to be hidden', async () => {
    const { server, visit } = served();
    const first = await visit('/search?event=masked');
    await first.page.getByText('1 secret masked').waitFor();
    expect(await first.page.locator('.statement-block pre').innerText()).toBe(MASKED_STATEMENT);
    await first.expectNoTrespass();

    const { who } = server;
    server.who = { ...who, literals: false, rights: ['auditevents/get'] };
    const second = await visit('/search?q=op:select%20outcome:failure');
    await second.page.locator('.top').getByText('Values hidden').waitFor();
    await second.page.getByRole('list', { name: 'Events' }).getByRole('link').first().click();
    await second.page.getByText('Values hidden. You see statements without their values.').waitFor();
    expect(await second.page.locator('.statement-block pre').innerText()).not.toContain("'");
    expect(await second.page.getByText('does not exist').count()).toBe(0);
    await second.expectNoTrespass();
    server.who = who;
  });

  test('nobody is signed in without a token that the cluster knows, and the link leads on', async () => {
    const { server, visit } = served();
    server.signedIn = false;
    const { page, expectNoTrespass } = await visit('/search?q=user:root');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Paste a token first.').waitFor();
    await page.getByLabel('Kubernetes token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('the API server does not know this token').waitFor();
    expect(await page.getByRole('link', { name: 'Continue with Example ID' }).getAttribute('href')).toBe(
      '/api/v1/sign-in/oidc?return=%2Fsearch%3Fq%3Duser%3Aroot',
    );
    await page.getByLabel('Kubernetes token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Events' }).waitFor();
    expect(
      await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'),
    ).not.toContain(TOKEN);
    await page.getByRole('button', { name: 'alice@example.com' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Kubernetes token').waitFor();
    await expectNoTrespass();
    server.signedIn = true;
  });

  test('a problem is shown in the collector’s words, and trying again works', async () => {
    const { server, visit } = served();
    server.fail = {
      path: '/totals',
      status: 422,
      body: { code: 'DBA5007', message: 'this would take more than 10 s', help: 'Choose a shorter time.' },
    };
    const { page, expectNoTrespass } = await visit('/');
    const note = page.getByRole('alert');
    await note.waitFor();
    expect(await note.innerText()).toBe(
      'this would take more than 10 s\n\nChoose a shorter time.\n\nDBA5007\n\nTry again',
    );
    server.fail = { path: '/totals', status: 200, body: { totals: 'nonsense' } };
    await note.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The answer was not understood.').waitFor();
    server.fail = undefined;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.tiles').waitFor();
    await expectNoTrespass();
  });

  test('a collector that does not answer is said to be away', async () => {
    const { page } = await served().visit('/status');
    await page.getByText('shop/pg-0').waitFor();
    await page.route('**/api/v1/status', (route) => route.abort());
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('The collector does not answer.').waitFor();
    await page.context().close();
  });
});
