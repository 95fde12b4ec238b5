/** The addon under AddressSanitizer and UndefinedBehaviorSanitizer, through all the ways it can be left. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratch, withoutKernel } from './support.js';

const skipped = withoutKernel();
const native = fileURLToPath(new URL('..', import.meta.url));
const binary = join(scratch(), 'dentryscope.node');

/** Debian's headers, or those beside the node that runs. */
function nodeHeaders(): string {
  const beside = join(dirname(dirname(process.execPath)), 'include/node');
  return existsSync(join(beside, 'node_api.h')) ? beside : '/usr/include/node';
}

function build(): void {
  const sources = readdirSync(join(native, 'addon')).filter((name) => name.endsWith('.cc'));
  const api = dirname(createRequire(import.meta.url).resolve('node-addon-api'));
  const includes = [nodeHeaders(), api, join(native, '../bpf/include')].flatMap((path) => ['-I', path]);
  const flags = ['-std=c++20', '-O1', '-g', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-DNAPI_CPP_EXCEPTIONS'];
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'];
  execFileSync('g++', [...flags, ...sanitizers, ...includes, ...sources, '-o', binary, '-lbpf'], {
    cwd: join(native, 'addon'),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

const library = (name: string) =>
  execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();

/** Node itself does not free all at its end, so leaks are the other test's (cycles). */
function underSanitizer(script: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    cwd: native,
    env: {
      ...process.env,
      DENTRYSCOPE_ADDON: binary,
      LD_PRELOAD: [library('libasan.so'), library('libubsan.so')].join(':'),
      ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:abort_on_error=0:exitcode=77',
    },
  });
  return { status, stdout, stderr };
}

const open = `const { Worker } = require('node:worker_threads');
  const native = import('@dentryscope/native');`;

const scripts: Record<string, string> = {
  'reclaim, used and closed twice': `native.then(({ ReclaimProbe }) => {
    const probe = ReclaimProbe.open({ eventMinNs: 0n });
    for (let i = 0; i < 3; i++) { probe.drain(); probe.shrinkers(); probe.events(); probe.hooks; probe.forget([1n, 7n]); }
    probe.close(); probe.close();
    console.log('done');
  });`,
  'used and closed twice': `native.then(({ DentryProbe }) => {
    const probe = DentryProbe.open({ maxCgroups: 2, live: { shift: 0, maxSamples: 64 } });
    for (let i = 0; i < 2000; i++) require('node:fs').existsSync('/nope-' + process.pid + '-' + i);
    for (let i = 0; i < 3; i++) { probe.drain(); probe.live(); probe.pollCgroupEvents(); probe.hooks; probe.forget([1n, 7n]); }
    probe.close(); probe.close();
    console.log('done');
  });`,
  'loaded twice, two probes at once': `native.then(({ DentryProbe }) => {
    delete require.cache[process.env.DENTRYSCOPE_ADDON];
    const again = require(process.env.DENTRYSCOPE_ADDON);
    const probes = [DentryProbe.open(), DentryProbe.open()];
    probes.forEach((probe) => { probe.drain(); probe.live(); probe.close(); });
    again.layouts();
    console.log('done');
  });`,
  'left open at the end': `native.then(({ DentryProbe }) => {
    globalThis.probe = DentryProbe.open();
    probe.drain();
    console.log('done');
  });`,
  'collected without close': `native.then(async ({ DentryProbe }) => {
    for (let i = 0; i < 5; i++) { DentryProbe.open().drain(); await new Promise(setImmediate); globalThis.gc?.(); }
    console.log('done');
  });`,
  'in a worker that ends, and one that is ended while attached': `
    const body = (end) => \`import('@dentryscope/native').then(({ DentryProbe }) => {
      globalThis.probe = DentryProbe.open();
      probe.drain();
      require('node:worker_threads').parentPort.postMessage('open');
      \${end}
    })\`;
    const run = (end, terminate) => new Promise((resolve) => {
      const worker = new Worker(body(end), { eval: true });
      worker.on('message', () => terminate && worker.terminate());
      worker.on('exit', resolve);
    });
    native.then(({ DentryProbe }) => {
      const probe = DentryProbe.open();
      return run('probe.close()', false).then(() => run('setInterval(() => {}, 1000)', true)).then(() => {
        probe.drain();
        probe.close();
        console.log('done');
      });
    });`,
  'refused options and a folder without programs': `native.then(({ DentryProbe }) => {
    DentryProbe.open({ bpfDir: '/nope' }).close();
    try { DentryProbe.open({ maxCgroups: 0 }); } catch (error) { console.log(error.name === 'RangeError' ? 'done' : error); }
  });`,
};

describe.skipIf(skipped)('under the sanitizers', () => {
  beforeAll(build, 300_000);

  it.each(Object.entries(scripts))('%s', { timeout: 120_000 }, (_, script) => {
    expect(underSanitizer(`${open}\n${script}`)).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
  });

  it('would tell: a read past the end of an array ends the process', { timeout: 60_000 }, () => {
    const source = join(dirname(binary), 'broken.cc');
    execFileSync('g++', ['-x', 'c++', '-fsanitize=address', '-o', `${source}.out`, '-'], {
      input: 'int main(int argc, char **) { int *a = new int[2]; return a[argc + 1]; }',
    });
    expect(spawnSync(`${source}.out`, [], { encoding: 'utf8' }).stderr).toContain('heap-buffer-overflow');
  });
});
