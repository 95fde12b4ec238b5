/**
 * Takes the picture of the page in docs/images: a seeded fleet in a real embedded store, the real API, real Chromium.
 *   npm run build && node api/test/picture.mjs [FILE] [WIDTHxHEIGHT] [light|dark] [HASH]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi } from '@dentryscope/api';
import { Registry, createLogger } from '@dentryscope/runtime';
import { openEmbeddedStore } from '@dentryscope/store';
import { chromium } from 'playwright-core';
import { WINDOW_MS, makeFleet, namesOf, writeWindows } from './seed-fleet.mjs';

const [file = 'docs/images/page.png', size = '1280x900', colorScheme = 'light', hash = ''] =
  process.argv.slice(2);
const [width, height] = size.split('x').map(Number);
const HISTORY_MS = 20 * 60_000;

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];
args.push('--disable-component-update', '--disable-sync');

async function seeded(directory) {
  const store = await openEmbeddedStore({ directory });
  const fleet = makeFleet();
  const newest = () => Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS;
  const begunMs = newest();
  await writeWindows(fleet, store.writer, begunMs - HISTORY_MS, begunMs);
  await store.writer.writeNames(namesOf(fleet));
  await writeWindows(fleet, store.writer, begunMs, newest()); // what went by meanwhile
  return store;
}

async function take(url) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  try {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    page.on('console', (message) => console.error('console:', message.text()));
    page.on('requestfailed', (request) =>
      console.error('failed:', request.url(), request.failure()?.errorText),
    );
    page.on('pageerror', (error) => console.error('page error:', error.message));
    await page.goto(`${url}/${hash}`);
    await page
      .getByRole('table')
      .first()
      .waitFor({ timeout: 5000 })
      .catch(async () =>
        console.error(await page.getByRole('table').count(), await page.locator('body').ariaSnapshot()),
      );
    await page.waitForTimeout(1000); // charts are drawn in the next frames
    await page.screenshot({ path: file, fullPage: process.env.FULL === '1' });
  } finally {
    await browser.close();
  }
}

const directory = await mkdtemp(join(tmpdir(), 'dentryscope-picture-'));
const store = await seeded(directory);
const settings = { apiListen: '127.0.0.1:0', apiTokensFile: undefined, apiQueryTimeout: 10_000 };
const logger = createLogger('picture', 'warn');
const api = await startApi({ settings, reader: store.reader, logger, registry: new Registry() });
try {
  await take(`http://127.0.0.1:${api.address.port}`);
  console.error(`${file}: ${size}, ${colorScheme}`);
} finally {
  await api.close();
  await store.close();
  await rm(directory, { recursive: true });
}
