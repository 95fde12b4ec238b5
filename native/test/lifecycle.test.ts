import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { DentryProbe, hookReport, type Backend, type Hook } from '@dentryscope/native';
import { withoutKernel } from './support.js';

const skipped = withoutKernel();

/** BPF programs and maps that this process holds. */
function heldByUs(): number {
  return readdirSync('/proc/self/fdinfo').filter((fd) => {
    try {
      return /^(prog|map)_type:/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
    } catch {
      return false; // the descriptor of readdir itself
    }
  }).length;
}

const inWorker = (body: string) =>
  new Worker(
    `const { parentPort } = require('node:worker_threads');
     import('@dentryscope/native').then(({ DentryProbe }) => { ${body} });`,
    { eval: true },
  );

describe('options', () => {
  it.each([
    [{ maxCgroups: 0 }, 'maxCgroups'],
    [{ maxCgroups: 1.5 }, 'maxCgroups'],
    [{ eventRingBytes: 5000 }, 'power of two'],
    [{ backends: [] }, 'backends'],
    [{ backends: ['magic' as Backend] }, '"magic" is none of fentry, kprobe, tracepoint'],
    [{ hooks: [] }, 'hooks must name at least one'],
    [{ hooks: ['dentry_kill' as Hook] }, '"dentry_kill" is none of dentry_alloc,'],
    [{ v1Controllers: ['memory', 'pids', 'cpu', 'freezer'] }, 'at most 3'],
  ])('refuses %j', (options, words) => {
    expect(() => DentryProbe.open(options)).toThrow(RangeError);
    expect(() => DentryProbe.open(options)).toThrow(words);
  });

  it('reports objects that are not there, hook by hook', () => {
    for (const { backend, tried } of hookReport({ bpfDir: '/nope' })) {
      expect(backend).toBeNull();
      expect(tried.at(-1)?.error).toMatch(/kprobes|No such file|no tracepoint/);
    }
  });
});

describe.skipIf(skipped)('a probe', () => {
  it('closes twice, and then refuses everything else', () => {
    const probe = DentryProbe.open();
    probe.close();
    probe.close();
    expect(() => probe.drain()).toThrow('the probe is closed');
    expect(() => probe.hooks).toThrow('the probe is closed');
    expect(() => probe.pollCgroupEvents()).toThrow('the probe is closed');
    expect(() => probe.forget([1n])).toThrow('the probe is closed');
  });

  it('leaves no program and no map behind', () => {
    const before = heldByUs();
    const probe = DentryProbe.open();
    expect(heldByUs()).toBeGreaterThan(before);
    probe.close();
    expect(heldByUs()).toBe(before);
  });

  it('names one backend a hook and why the earlier ones did not do', () => {
    const order = ['fentry', 'kprobe', 'tracepoint'];
    for (const { hook, backend, tried } of hookReport()) {
      const reached = backend === null ? order.length : order.indexOf(backend);
      const refused = hook === 'cgroup_life' ? [] : order.slice(0, reached);
      expect(tried.map((one) => one.backend)).toEqual(refused);
      for (const { error } of tried) expect(error).not.toBe('');
    }
  });

  it('works in a worker while another is open here', async () => {
    const probe = DentryProbe.open();
    const worker = inWorker(`
      const probe = DentryProbe.open();
      require('node:fs').existsSync('/nope-' + process.hrtime.bigint());
      parentPort.postMessage(probe.drain().totals);
      probe.close();`);
    // Asked for before the message: a worker may be gone in the same turn that its message comes in.
    const gone = once(worker, 'exit');
    const [totals] = (await once(worker, 'message')) as [{ allocatedAll: bigint }];
    expect(totals.allocatedAll).toBeGreaterThan(0n);
    await gone;
    expect(probe.drain().totals.allocatedAll).toBeGreaterThanOrEqual(totals.allocatedAll);
    probe.close();
  });

  it('is taken down with its worker', async () => {
    const before = heldByUs();
    const worker = inWorker(`
      globalThis.probe = DentryProbe.open();
      setInterval(() => {}, 1000);
      parentPort.postMessage('open');`);
    await once(worker, 'message');
    expect(heldByUs()).toBeGreaterThan(before);
    await worker.terminate();
    expect(heldByUs()).toBe(before);
  });

  it('ends with a process that never closed it', () => {
    const script = `import('@dentryscope/native').then(({ DentryProbe }) => { globalThis.p = DentryProbe.open(); });`;
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('');
  });
});

describe.skipIf(skipped)('a kernel that refuses BPF', () => {
  it('gives each hook its reason and the process goes on', () => {
    const script = `import('@dentryscope/native').then(({ DentryProbe }) => {
      const probe = DentryProbe.open();
      const { ids, columns, totals } = probe.drain();
      const out = { hooks: probe.hooks, ids: ids.length, columns, totals, live: probe.live(), events: probe.pollCgroupEvents() };
      probe.close();
      console.log(JSON.stringify(out, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
    });`;
    const drop = [
      '--bounding-set=-bpf,-perfmon,-sys_admin',
      '--inh-caps=-all',
      process.execPath,
      '-e',
      script,
    ];
    const { status, stdout, stderr } = spawnSync('setpriv', drop, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const out = JSON.parse(stdout);
    expect(out).toMatchObject({ ids: 0, live: null, events: [] });
    expect(new Set(Object.values(out.columns))).toEqual(new Set([null]));
    expect(new Set(Object.values(out.totals))).toEqual(new Set([null]));
    for (const { backend, tried } of out.hooks) {
      expect(backend).toBeNull();
      expect(tried[0].error).toContain(
        'EPERM: Operation not permitted; the process needs CAP_BPF and CAP_PERFMON',
      );
    }
  });
});
