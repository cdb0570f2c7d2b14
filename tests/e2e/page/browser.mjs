// Chromium, headless, driven by lines of JSON: one command on stdin, one answer on stdout. browser.py is the other side.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const axe_path = require.resolve('axe-core');
const complaints = []; // of the console, of scripts, and of the policy of the page
const requests = []; // every address that was asked for
let browser;
let context;
let page;

// The tests may run as root in a container, where Chromium's own sandbox cannot be had.
const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

function watch(watched) {
  watched.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  watched.on('pageerror', (error) => complaints.push(`script: ${error.stack}`));
  watched.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  watched.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
}

const commands = {
  async open({ url, width, height, scheme, motion, clock }) {
    browser ??= await launch();
    await context?.close();
    context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: motion, hasTouch: width < 500 });
    page = await context.newPage();
    complaints.length = 0;
    requests.length = 0;
    watch(page);
    if (clock) await page.clock.install();
    const answer = await page.goto(url);
    return { status: answer.status(), headers: answer.headers() };
  },
  async text({ selector }) {
    return page.locator(selector).allInnerTexts();
  },
  async count({ selector }) {
    return page.locator(selector).count();
  },
  async click({ selector }) {
    await page.locator(selector).click({ timeout: 5000 });
  },
  async fill({ selector, value }) {
    await page.locator(selector).fill(value, { timeout: 5000 });
  },
  async choose({ selector, value }) {
    await page.locator(selector).selectOption(value, { timeout: 5000 });
  },
  async press({ key }) {
    await page.keyboard.press(key);
  },
  // By the debugger's way: the policy of the page does not allow eval to anybody else.
  async evaluate({ script }) {
    return page.evaluate(script);
  },
  // As if the operator looked at another tab, and came back.
  async look({ away }) {
    await page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }, away);
  },
  // The page's clock, and its timers on the way.
  async advance({ seconds }) {
    await page.clock.runFor(seconds * 1000);
  },
  async screenshot({ path, whole }) {
    await page.screenshot({ path, fullPage: whole });
  },
  async accessibility() {
    const session = await context.newCDPSession(page);
    const { readFileSync } = await import('node:fs');
    await session.send('Runtime.evaluate', { expression: readFileSync(axe_path, 'utf8') });
    const result = await page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }));
    return {
      rules: result.passes.length,
      violations: result.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`),
    };
  },
  async complaints() {
    return complaints.splice(0);
  },
  async requests() {
    return requests.splice(0);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...named } = JSON.parse(line);
  let answer;
  try {
    answer = { result: (await commands[command](named)) ?? null };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
await browser?.close();
