/**
 * Makes a guest kernel reclaim dentries in each way, and tells what each of the probes that look on saw of it:
 *
 *   node reclaim-measure.mjs '{"workload": "/path/of/workload", "timed": "/path/of/timed", "opens": [{"backends": ["fentry"]}],
 *     "n": 300000, "device": "/dev/vda", "root": "/sys/fs/cgroup", "scenarios": ["drop_caches", "remount", "umount"]}'
 *
 * Everything in /data is a scratch file system's. Prints one line of JSON, 64-bit numbers as strings.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { ReclaimProbe, reclaimKinds } from '@dentryscope/native';
import { makeCgroup, undisturbed, work } from './measure.mjs';

const MANY = 12;

const nrDentry = () => BigInt(readFileSync('/proc/sys/fs/dentry-state', 'utf8').split(/\s/)[0]);

/** Sums over all cgroups, by kind. */
function sums(probe) {
  const { columns } = probe.drain();
  const total = (column) => column?.reduce((sum, value) => sum + value, 0n) ?? null;
  return Object.fromEntries(
    reclaimKinds.map((kind) => [
      kind,
      { events: total(columns[kind].events), ns: total(columns[kind].ns), freed: total(columns[kind].freed) },
    ]),
  );
}

const minus = (after, before) =>
  Object.fromEntries(
    Object.entries(after).map(([kind, figures]) => [
      kind,
      Object.fromEntries(
        Object.entries(figures).map(([name, value]) => [
          name,
          value === null ? null : value - before[kind][name],
        ]),
      ),
    ]),
  );

/** What each probe saw while `action` ran; `action` gives what the system call itself cost. */
async function watch(probes, action) {
  for (const probe of probes) probe.events();
  const before = probes.map(sums);
  const told = await action();
  const saw = (probe, i) => ({ seen: minus(sums(probe), before[i]), events: probe.events() });
  return { ...told, saw: probes.map(saw) };
}

/** One system call, timed from outside. */
function timed(binary, op, path) {
  const out = execFileSync(binary, [op, path], { encoding: 'utf8' });
  const [ns, before, after] = out.trim().split(' ').map(BigInt);
  return { ns, gone: before - after };
}

const fill = ({ workload, n }, dir, op = 'miss', count = n) => work(workload, { op, n: count, dir }, []);

/** Kernel threads reclaim on for a while: waits until the sums stand still. */
async function settled(probe) {
  for (let last = '', now = ' '; now !== last; await sleep(100)) {
    last = now;
    now = String(Object.values(sums(probe)).map(({ freed }) => freed));
  }
}

const scenarios = {
  async drop_caches(config, probes) {
    await fill(config, '/data');
    return watch(probes, () => timed(config.timed, 'drop_caches', '-'));
  },
  async remount(config, probes) {
    await fill(config, '/data');
    const result = await watch(probes, () => timed(config.timed, 'remount', '/data'));
    execFileSync('mount', ['-o', 'remount,rw', '/data']);
    return result;
  },
  async umount(config, probes) {
    await fill(config, '/data');
    const result = await watch(probes, () => timed(config.timed, 'umount', '/data'));
    execFileSync('mount', [config.device, '/data']);
    return result;
  },
  /** Dentries of files, which a tmpfs holds itself. */
  async umount_files(config, probes) {
    mkdirSync('/run/files', { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'files', '/run/files']);
    await fill(config, '/run/files', 'create', Math.ceil(config.n / 10));
    return watch(probes, () => timed(config.timed, 'umount', '/run/files'));
  },
  /** More umounts at once than a kretprobe has instances: what is lost must be told. */
  async many(config, probes) {
    const dirs = Array.from({ length: MANY }, (_, i) => `/run/many-${i}`);
    for (const dir of dirs) {
      mkdirSync(dir, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', 'many', dir]);
      await fill(config, dir, 'create', 2000);
    }
    const missed = () =>
      probes.map(({ hooks }) => hooks.find(({ hook }) => hook === 'reclaim_umount').missed);
    const before = missed();
    const dentries = nrDentry();
    return watch(probes, async () => {
      const children = dirs.map((dir) => spawn(config.timed, ['umount', dir], { stdio: 'ignore' }));
      const ends = await Promise.all(children.map((child) => once(child, 'exit')));
      return {
        gone: dentries - nrDentry(),
        failed: ends.filter(([code]) => code !== 0).length,
        missed: missed().map((now, i) => now - before[i]),
      };
    });
  },
  /** A task in a cgroup whose memory is too small for its dentries. */
  async direct(config, probes) {
    const cgroup = makeCgroup(config.root);
    // Not memory.max: 5.10 kills there, as dentries are freed a grace period after they died.
    writeFileSync(join(cgroup.path, 'memory.high'), String(config.limitBytes));
    try {
      return await watch(probes, async () => {
        const before = nrDentry();
        await work(config.workload, { op: 'miss', n: config.n, dir: '/data' }, [cgroup]);
        return { cgroup: cgroup.id, gone: BigInt(config.n) - (nrDentry() - before) };
      });
    } finally {
      await cgroup.remove();
    }
  },
  /** kswapd: anonymous memory grows until it has freed a tenth of the dentries. */
  async pressure(config, probes) {
    await fill(config, '/data');
    return watch(probes, async () => {
      const [probe] = probes;
      const enough = sums(probe).pressure.freed + BigInt(config.n) / 10n;
      const before = nrDentry();
      const hog = spawn(config.timed, ['hog'], { stdio: ['pipe', 'pipe', 'inherit'] });
      const exit = once(hog, 'exit');
      const killed = exit.then(() => Promise.reject(new Error('killed before kswapd had freed enough')));
      killed.catch(() => {});
      while (sums(probe).pressure.freed < enough) {
        hog.stdin.write('.');
        await Promise.race([once(hog.stdout, 'data'), killed]);
      }
      await settled(probe);
      const gone = before - nrDentry();
      hog.stdin.end();
      await exit;
      return { gone };
    });
  },
};

const TIMED = ['drop_caches', 'remount', 'umount'];
/** What these free is all that nr_dentry falls by. */
const EXACT = ['drop_caches', 'remount', 'umount_files'];
const TRIES = 5;

/**
 * Beside its reclaim a call waits for the disk and for RCU: a few hundredths, but on a starved machine that may take as long.
 * And a dentry of /proc that another process leaves behind meanwhile is one less in nr_dentry. Then it is made again;
 * what is wrong is so each time.
 */
function disturbed(name, { ns, gone, saw }) {
  return saw.some(({ seen }) => {
    const reclaimed = (figure) => Object.values(seen).reduce((sum, kind) => sum + kind[figure], 0n);
    return (
      (TIMED.includes(name) && 10n * reclaimed('ns') <= 9n * ns) ||
      (EXACT.includes(name) && gone !== reclaimed('freed'))
    );
  });
}

async function measureOne(name, config, probes) {
  const attempt = () => scenarios[name](config, probes);
  return (await undisturbed(attempt, (result) => disturbed(name, result), TRIES)).result;
}

/** Who is inside counts as missed until he has left, and kernel threads reclaim on when all is done. */
async function hooksAtRest(probe) {
  for (let tries = 1; ; tries += 1) {
    const { hooks } = probe;
    if (tries === 50 || hooks.every(({ missed }) => missed === 0n)) return hooks;
    await sleep(100);
  }
}

/** All of `opens` look on at the same reclaim. What each of them saw, in its place. */
export async function measureReclaim(config) {
  const probes = [];
  try {
    for (const open of config.opens) probes.push(ReclaimProbe.open(open));
    const results = {};
    for (const name of config.scenarios) results[name] = await measureOne(name, config, probes);
    const hooks = await Promise.all(probes.map(hooksAtRest));
    return probes.map((probe, i) => ({
      results: Object.fromEntries(
        Object.entries(results).map(([name, result]) => [name, resultOf(result, i)]),
      ),
      hooks: hooks[i],
      shrinkers: probe.shrinkers(),
      eventsLost: probe.eventsLost,
    }));
  } finally {
    for (const probe of probes) probe.close();
  }
}

const resultOf = ({ saw, missed, ...result }, i) => ({ ...result, ...saw[i], missed: missed?.[i] });

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const results = await measureReclaim(JSON.parse(process.argv[2]));
  const json = JSON.stringify(results, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  process.stdout.write(`${json}\n`);
}
