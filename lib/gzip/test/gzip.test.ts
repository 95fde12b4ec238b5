import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isaL, openGzip, zlib } from '@dentryscope/gzip';

const run = promisify(execFile);

const line = (n: number) =>
  `cgroup,boot=1,cgroup=${n} dentries_allocated=${n * n}i,dentries_freed=${n % 7}i 1790000010000\n`;
const text = (lines: number) => Buffer.from(Array.from({ length: lines }, (_, n) => line(n)).join(''));

/** Around igzip's own buffers, and the room of the addon's (256 KiB) for what can't be compressed. */
const sizes = [
  0, 1, 2, 3, 255, 32_767, 32_768, 65_535, 65_536, 65_537, 262_100, 262_144, 262_200, 600_000, 5_000_000,
];

describe.each([
  ['isa-l', isaL],
  ['zlib', () => zlib('tested')],
])('%s', (engine, open) => {
  const gzip = open();

  test('says what it is', () => expect(gzip.engine).toBe(engine));

  test.each(sizes)('%i random bytes come back', async (size) => {
    const bytes = randomBytes(size);
    expect(gunzipSync(await gzip.compress(bytes)).equals(bytes)).toBe(true);
  });

  test('lines come back, in a sixth of the room', async () => {
    const bytes = text(100_000);
    const packed = await gzip.compress(bytes);
    expect(gunzipSync(packed).equals(bytes)).toBe(true);
    expect(packed.length).toBeLessThan(bytes.length / 6);
  });

  test('a part of a buffer is that part', async () => {
    const bytes = text(100);
    expect(gunzipSync(await gzip.compress(bytes.subarray(50, 90)))).toEqual(bytes.subarray(50, 90));
  });

  test('a result is its own: the next call leaves it alone', async () => {
    const [one, other] = await Promise.all([gzip.compress(text(10)), gzip.compress(text(20))]);
    await gzip.compress(randomBytes(1_000_000));
    expect(gunzipSync(one)).toEqual(text(10));
    expect(gunzipSync(other)).toEqual(text(20));
  });
});

test('the addon refuses what is no bytes', async () => {
  await expect(isaL().compress('text' as unknown as Uint8Array)).rejects.toThrow(
    'only bytes can be compressed',
  );
  await expect(isaL().compress(undefined as unknown as Uint8Array)).rejects.toThrow(TypeError);
});

test('eight threads at once, each with an addon of its own, ended one after the other', async () => {
  const script = `
    const { parentPort } = require('node:worker_threads');
    import('@dentryscope/gzip').then(async ({ isaL }) => {
      const { gunzipSync } = require('node:zlib');
      for (let n = 1; n <= 50; n++) {
        const bytes = Buffer.alloc(n * 10_000, 'abc' + n);
        if (!gunzipSync(await isaL().compress(bytes)).equals(bytes)) throw new Error('not what it was');
      }
      parentPort.postMessage('equal');
    });`;
  const ends = Array.from({ length: 8 }, () => {
    const worker = new Worker(script, { eval: true });
    return new Promise((resolve, reject) => {
      worker.once('message', (said) => void worker.terminate().then(() => resolve(said)));
      worker.once('error', reject);
    });
  });
  expect(new Set(await Promise.all(ends))).toEqual(new Set(['equal']));
});

test('without the addon it is zlib, and says why', async () => {
  expect(openGzip()).toMatchObject({ engine: 'isa-l' });
  const script =
    "import('@dentryscope/gzip').then(({ openGzip }) => console.log(JSON.stringify(openGzip())))";
  const env = { ...process.env, DENTRYSCOPE_GZIP_ADDON: '/nowhere/gzip.node' };
  const { stdout } = await run(process.execPath, ['-e', script], { env });
  expect(JSON.parse(stdout)).toEqual({
    engine: 'zlib',
    reason: expect.stringContaining('/nowhere/gzip.node'),
  });
});
