/** The build: eBPF objects and addon where there is a compiler, TypeScript, the page. Each part only when stale. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, run, step } from './steps.mjs';

const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

function newestMtimeMs(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const skipped = new Set(['node_modules', 'dist', 'build', 'test']);
  const below = readdirSync(path).filter((name) => !skipped.has(name));
  return Math.max(stat.mtimeMs, ...below.map((name) => newestMtimeMs(join(path, name))));
}

/** Runs `work` when a source is newer than its stamp. */
async function whenStale(title, stampName, sources, work) {
  const stamp = join(root, '.cache', 'stamps', stampName);
  const newest = Math.max(...sources.map((source) => newestMtimeMs(join(root, source))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return;
  await step(title, async () => {
    const startedMs = Date.now();
    await work();
    mkdirSync(join(root, '.cache', 'stamps'), { recursive: true });
    writeFileSync(stamp, '');
    // A source that changed while it was built is newer than the stamp.
    utimesSync(stamp, startedMs / 1000, startedMs / 1000);
  });
}

const addonSources = ['scripts/addon.mjs', 'scripts/addon.gypi', 'package-lock.json'];

const addon = (title, folder, sources = []) =>
  whenStale(title, basename(folder), [folder, ...sources, ...addonSources], () =>
    run(process.execPath, ['scripts/addon.mjs', folder]),
  );

async function kernelSide() {
  const missing = ['clang', 'make', 'g++'].filter((command) => !has(command));
  if (missing.length > 0) {
    process.stderr.write(`! ${missing.join(', ')} missing: no eBPF here; node-level figures only\n`);
    return;
  }
  await whenStale('eBPF programs', 'bpf', ['bpf'], () => run('make', ['-s', '-C', 'bpf']));
  await addon('native addon', 'native', ['bpf/include']);
}

/** Without it gzip is zlib's, at several times the processor time. */
async function gzip() {
  if (spawnSync('pkg-config', ['--exists', 'libisal']).status !== 0 || !has('g++')) {
    process.stderr.write('! libisal-dev or g++ missing: the ingester compresses with zlib\n');
    return;
  }
  await addon('gzip addon', 'lib/gzip');
}

const typescriptSources = () => [
  'tsconfig.json',
  'tsconfig.base.json',
  'package-lock.json',
  ...['lib/contracts', 'lib/runtime', 'lib/transport', 'lib/identity', 'lib/gzip', 'lib/store'],
  ...['native', 'agent', 'ingester', 'api', 'simulator', 'cli', 'lab'],
];

/** The TypeScript alone: for what needs neither kernel nor page. */
export const typescript = () =>
  whenStale('TypeScript', 'typescript', typescriptSources(), () =>
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-b']),
  );

export async function build() {
  const built = await Promise.allSettled([
    kernelSide(),
    gzip(),
    typescript(),
    whenStale('page', 'web', ['api/web', 'lib/contracts', 'package-lock.json'], () =>
      run('npm', ['run', 'build', '-w', '@dentryscope/web']),
    ),
  ]);
  const failed = built.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
}
