// Has a browser check and time on the page, as a person would, and ends with 1 if something is not as it should be. Downloads and
// screenshots are left in results/. Arguments: the folder of the page, the command line, results of a desktop, the
// browser, and its path.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import puppeteer from 'puppeteer-core';

const [site, command, desktop, name, executablePath] = process.argv.slice(2);

// Longest time of a check or a bench, in milliseconds: both take about a minute on two quiet cores.
const LONGEST = 240_000;

const TIMED = ['softmax', 'logsumexp', 'cross-entropy-fused'];

const browsers = {
  chromium: {
    browser: 'chrome',
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-background-networking', '--disable-component-update'],
  },
  firefox: {
    browser: 'firefox',
    extraPrefsFirefox: { 'dom.webgpu.enabled': true, 'dom.webgpu.workers.enabled': true, 'gfx.webgpu.ignore-blocklist': true },
  },
};

const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.wasm': 'application/wasm' };

function serve() {
  const server = createServer(({ url }, answer) => {
    const path = join(site, url.split('?')[0].replace(/\/$/, '/index.html'));
    if (!existsSync(path)) return answer.writeHead(404).end();
    answer.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(readFileSync(path));
  });
  return new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(server)); });
}

const text = (page, selector) => page.$eval(selector, (found) => found.textContent.trim());

// Begins a run, waits for its end, and returns its last words.
async function run(page, button) {
  await page.click(button);
  await page.waitForFunction(() => document.getElementById('under-way').hidden, { timeout: LONGEST, polling: 200 });
  return text(page, '#said');
}

// What a button downloads.
async function download(page, button) {
  await page.click(button);
  return page.evaluate(() => window.saved.text());
}

async function shots(page, of) {
  for (const scheme of ['light', 'dark']) {
    const emulated = page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    // Firefox stays light: its protocol cannot set the scheme yet.
    if (!(await emulated.then(() => true, () => scheme === 'light'))) return;
    for (const width of [390, 1280]) {
      await page.setViewport({ width, height: 900 });
      await page.screenshot({ path: `results/${of}-${width}-${scheme}.png`, fullPage: true });
    }
  }
}

async function check(page) {
  const ended = await run(page, '#check');
  assert.match(ended, /^Done\. \d+ groups: \d+ ok, 0 FAILED$/);
  const saved = JSON.parse(await download(page, '#save-check'));
  writeFileSync(`results/${name}-check.json`, JSON.stringify(saved));
  const { groups, ...facts } = saved.adapters[0];
  assert.deepEqual(Object.keys(facts), ['name', 'backend', 'driver', 'device_type']);
  assert.equal(facts.backend, 'webgpu');
  assert.deepEqual(Object.keys(groups[0]), ['op', 'dtype', 'variant', 'inputs', 'elements', 'worst_ulp', 'worst_bound', 'passed']);
  assert.ok(groups.every(({ passed }) => passed === true));
  const kinds = new Set(groups.map(({ op, dtype }) => `${op} ${dtype}`));
  assert.equal(kinds.size, 3 * Number(await text(page, '#checked-count')), `every operation on 3 types: ${[...kinds]}`);
  return ended;
}

async function bench(page) {
  await page.evaluate((timed) => {
    for (const box of document.querySelectorAll('#operations input')) box.checked = timed.includes(box.value);
  }, TIMED);
  await page.select('#seconds', '20');
  const ended = await run(page, '#bench');
  assert.match(ended, /^Done\. [1-9]\d* operations timed$/);
  const path = `results/${name}-bench.json`;
  writeFileSync(path, await download(page, '#save-bench'));
  const { results, left_out: left } = JSON.parse(readFileSync(path)).adapters[0];
  assert.deepEqual(new Set(results.map(({ op }) => op)), new Set(TIMED));
  for (const { op, fraction, fraction_lower: lower, fraction_upper: upper } of results) {
    assert.ok(lower <= fraction && fraction <= upper && fraction > 0.01 && fraction < 2, `${op}: ${lower}, ${fraction}, ${upper}`);
  }
  assert.ok(left.every(({ reason }) => reason === 'the time was up'), JSON.stringify(left));
  // The command line reads what the page writes.
  const printed = execFileSync(command, ['report', path, desktop], { encoding: 'utf8' });
  for (const word of [...TIMED, 'webgpu', 'llvmpipe']) assert.ok(printed.includes(word), printed);
  return ended;
}

// A link brings the same rows.
async function share(browser, page) {
  await page.click('#share');
  await page.waitForFunction(() => window.copied);
  const link = await page.evaluate(() => window.copied);
  const other = await browser.newPage();
  await other.goto(link);
  await other.waitForSelector('#bench-rows .row');
  for (const rows of ['#check-rows', '#bench-rows']) assert.equal(await text(other, rows), await text(page, rows));
  await shots(other, `${name}-shared`);
  await other.close();
  await page.bringToFront();
  return link.length;
}

const stopped = (page) => page.waitForFunction(() => document.getElementById('said').textContent.startsWith('Stopped.'), { timeout: LONGEST });

async function stop(page) {
  await page.click('#check');
  await page.waitForSelector('#check-rows .row', { timeout: LONGEST });
  await page.click('#stop');
  await stopped(page);
}

// What was measured while the page was hidden does not count.
async function hide(page) {
  await page.click('#bench');
  await page.waitForSelector('#bench-rows .row', { timeout: LONGEST });
  const results = await page.evaluate(async () => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
    await new Promise((resolve) => { setTimeout(resolve, 300); });
    const before = document.querySelector('#bench-rows').textContent;
    await new Promise((resolve) => { setTimeout(resolve, 8000); });
    return [before, document.querySelector('#bench-rows').textContent];
  });
  assert.equal(results[0], results[1]);
  await page.click('#stop');
  await stopped(page);
  await page.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

async function tryOut() {
  const server = await serve();
  const browser = await puppeteer.launch({ headless: true, executablePath, protocolTimeout: 2 * LONGEST, ...browsers[name] });
  const troubles = [];
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    await page.evaluateOnNewDocument(() => {
      const original = URL.createObjectURL;
      URL.createObjectURL = (blob) => original.call(URL, window.saved = blob);
      Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (words) => { window.copied = words; } } });
    });
    const address = `http://127.0.0.1:${server.address().port}/`;
    await page.goto(address);
    await page.waitForSelector('#check:enabled', { timeout: 60_000 }).catch(async (error) => {
      throw new Error(`${error.message}: ${await text(page, '#said')}`);
    });
    console.log(`${name}: ${(await text(page, '#facts')).replace(/\s+/g, ' ')}`);
    const begun = Date.now();
    for (const part of [check, bench]) console.log(`${name}: ${await part(page)} after ${Math.round((Date.now() - begun) / 1000)} s`);
    await shots(page, name);
    console.log(`${name}: a link of ${await share(browser, page)} characters`);
    await stop(page);
    await hide(page);
    // Without a network.
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    server.closeAllConnections();
    server.close();
    await page.reload();
    await page.waitForSelector('#check:enabled', { timeout: 60_000 });
    assert.deepEqual(troubles, []);
  } finally {
    await browser.close();
    server.close();
  }
}

mkdirSync('results', { recursive: true });
await tryOut();
