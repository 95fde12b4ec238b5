/** The page as people meet it: real Chromium, the real server, the real embedded store. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createToken, startApi } from '@dentryscope/api';
import type { RunningApi } from '@dentryscope/api';
import { Registry } from '@dentryscope/runtime';
import type { EmbeddedStore } from '@dentryscope/store';
import { WINDOW, openStore, silent, windowOf } from './harness.js';

const CHROMIUM = '/usr/bin/chromium';
const built = new URL('../web/dist/index.html', import.meta.url);
const missing = existsSync(CHROMIUM) || process.env['CI'] === 'true' ? undefined : `${CHROMIUM} is missing`;
if (missing) process.stderr.write(`skipped: the page in a browser: ${missing}\n`);

const podUid = '11111111-2222-3333-4444-555555555555';
const container = { id: 7n, path: '/kubepods.slice/a', hierarchy: 'v2', podUid, containerId: 'c0ffee' };
const service = { id: 8n, path: '/system.slice/cron.service', hierarchy: 'v2' };
const hook = { includesPseudo: false, perCgroup: true, missed: 0n };

describe.skipIf(missing)('the page', () => {
  let browser: Browser;
  let page: Page;
  let api: RunningApi | undefined;
  let store: EmbeddedStore;
  let remove: () => Promise<void>;
  let errors: string[];
  let hosts: Set<string>;

  beforeAll(async () => {
    if (!existsSync(built)) throw new Error('api/web/dist is not built: npm run build -w @dentryscope/web');
    const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update'];
    const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-sync', ...quiet];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    ({ store, remove } = await openStore());
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    errors = [];
    hosts = new Set();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
  });
  afterEach(async () => {
    await page?.close();
    await api?.close();
    await remove?.();
  });

  async function serve(port = 0, apiTokensFile?: string): Promise<string> {
    const settings = { apiListen: `127.0.0.1:${port}`, apiTokensFile, apiQueryTimeout: 5000 };
    api = await startApi({ settings, reader: store.reader, logger: silent, registry: new Registry() });
    return `http://127.0.0.1:${api.address!.port}/`;
  }

  /** @param ago how many windows before the one that ended last */
  const at = (ago: number) => Math.floor(Date.now() / WINDOW) * WINDOW - (ago + 1) * WINDOW;

  const seed = () =>
    store.writer.write([
      windowOf({
        node: 'n1',
        startMs: at(1),
        allocated: { 7: 1_234_567n, 8: 3n },
        infos: [container, service],
        state: { nrDentry: 2_000_000_001n, nrUnused: 5n, slabReclaimableBytes: 3n * 2n ** 30n },
        health: {
          hooks: [{ ...hook, hook: 'dentry_alloc', backend: 'kprobe', reason: 'no BTF' }],
          degraded: ['so it is'],
        },
      }),
      windowOf({
        node: 'n2',
        startMs: at(1),
        allocated: { 9: 77n },
        state: { nrDentry: 10n, nrNegative: 1n },
      }),
    ]);

  const tops = () => page.locator('section.tops');
  const nodes = () => page.locator('section.nodes');

  test('exact counts, live, filtered by a click, without an error or another host', async () => {
    await seed();
    await store.writer.writeNames([
      {
        podUid,
        containerId: 'c0ffee',
        namespace: 'shop',
        pod: 'web-1',
        container: 'app',
        workload: 'Deployment/web',
      },
    ]);
    const url = await serve();
    await page.goto(url);
    const row = tops().getByRole('row', { name: /shop\/web-1/ });
    await row.getByText('1,234,567', { exact: true }).waitFor();
    expect(await row.innerText()).toMatch(/app · Deployment\/web · n1/);
    await page.locator('dl.totals').getByText('2,000,000,011', { exact: true }).waitFor();
    expect(await tops().innerText()).toContain('/system.slice/cron.service');

    // What is not known is a dash with its reason, not a 0.
    const n1 = nodes().getByRole('row', { name: /n1/ });
    expect(await n1.getByLabel(/not known: this kernel does not count negative/).innerText()).toBe('—');
    expect(await n1.getByLabel('degraded: so it is').count()).toBe(1);

    // Another window comes: without a reload it is added.
    await store.writer.write([windowOf({ node: 'n1', startMs: at(0), allocated: { 7: 1n } })]);
    await row.getByText('1,234,568', { exact: true }).waitFor({ timeout: 15_000 });

    // A node is chosen, by keyboard: everything is of that node.
    await nodes().getByRole('button', { name: 'n2' }).press('Enter');
    await tops().getByText('cgroups on n2').waitFor();
    await row.waitFor({ state: 'detached' });
    await tops()
      .getByRole('row', { name: /cgroup 9/ })
      .getByText('77', { exact: true })
      .waitFor();
    expect(page.url()).toContain('node=n2');
    await page.getByRole('button', { name: 'Show the whole fleet' }).click();
    await row.waitFor();

    expect(errors).toEqual([]);
    expect([...hosts]).toEqual([new URL(url).host]);
  });

  test('who holds is a choice beside who makes: in the address, and kept when a node is chosen', async () => {
    await seed();
    await store.writer.write([
      windowOf({ node: 'n1', startMs: at(0), live: { 8: [5_555_555n, 30n], 9: [0n, 0n] } }),
      windowOf({ node: 'n2', startMs: at(0), live: { 8: [64n, 40n], 9: [4n, 0n] } }),
    ]);
    await page.goto(await serve());
    await tops().getByRole('heading', { name: 'Who makes dentries' }).waitFor();
    await tops().getByText('1,234,567').waitFor();
    await tops().getByText('Holds', { exact: true }).click();
    await tops().getByRole('heading', { name: 'Who holds dentries' }).waitFor();
    const row = tops()
      .getByRole('row', { name: /cron.service/ })
      .first();
    await row.getByText('5,555,555', { exact: true }).waitFor();
    await tops().getByText('standard error 50').waitFor();
    expect(page.url()).toContain('top=holds');
    await nodes().getByRole('button', { name: 'n2' }).press('Enter');
    await tops().getByText('cgroups on n2').waitFor();
    await tops()
      .getByRole('row', { name: /cgroup 9/ })
      .getByText('4', { exact: true })
      .waitFor();
    await tops().getByText('Makes', { exact: true }).click();
    await tops().getByText('77', { exact: true }).first().waitFor();
    expect(errors).toEqual([]);
  });

  test('nobody who sees holders: said, with what could not be seen', async () => {
    await seed();
    await page.goto(`${await serve()}#range=15m&top=holds`);
    await tops()
      .getByText(/No holder of dentries was seen in the last 15m/)
      .waitFor();
  });

  test('a chosen node is in the address, and shows its hooks and why', async () => {
    await seed();
    await page.goto(`${await serve()}#range=5m&cluster=c1&node=n1`);
    const hooks = page.getByRole('table', { name: 'Hooks' });
    expect(await hooks.innerText()).toMatch(/dentry_alloc\s+kprobe\s+yes\s+0\s+no BTF/);
    expect(await page.getByRole('radio', { name: '5m', exact: true }).isChecked()).toBe(true);
  });

  test('no window yet: says how one comes, and shows the first by itself', async () => {
    await page.goto(await serve());
    await page.getByRole('heading', { name: 'No window has come yet' }).waitFor();
    expect(await page.getByText('dentryscope agent').count()).toBe(1);
    await seed();
    await tops().getByText('1,234,567').waitFor({ timeout: 15_000 });
  });

  test('the API goes away: the figures stay, with their age; it comes back', async () => {
    await seed();
    const url = await serve();
    await page.goto(url);
    await tops().getByText('1,234,567').waitFor();
    await api!.close();
    await page.getByRole('alert').getByText('The API does not answer.').waitFor({ timeout: 15_000 });
    expect(await page.getByRole('alert').innerText()).toMatch(
      /These figures are of \d\d:\d\d:\d\d, \d+ s old/,
    );
    expect(await tops().innerText()).toContain('1,234,567');
    await serve(Number(new URL(url).port));
    await page.getByRole('alert').waitFor({ state: 'detached', timeout: 15_000 });
  });

  test('a token is asked for, checked, and kept for this tab', async () => {
    await seed();
    const directory = await mkdtemp(join(tmpdir(), 'dentryscope-page-'));
    const file = join(directory, 'tokens');
    const { token, line } = createToken('me', 'read');
    await writeFile(file, `${line}\n`);
    await page.goto(await serve(0, file));
    const field = page.getByLabel('Token with the scope read');
    await field.fill('dts_wrong');
    await field.press('Enter');
    await page.getByRole('alert').getByText('This token is not known').waitFor();
    await field.fill(token);
    await page.getByRole('button', { name: 'Use it' }).click();
    await tops().getByText('1,234,567').waitFor();
    await page.reload();
    await tops().getByText('1,234,567').waitFor();
    const other = await browser.newPage();
    await other.goto(page.url());
    await other.getByLabel('Token with the scope read').waitFor();
    await other.close();
    await rm(directory, { recursive: true });
  });

  test('/docs draws itself without another host', async () => {
    const url = await serve();
    await page.goto(`${url}docs`);
    await page.getByText('Totals, the worst nodes, and what is missing').waitFor();
    expect(errors).toEqual([]);
    expect([...hosts]).toEqual([new URL(url).host]);
  });
});
