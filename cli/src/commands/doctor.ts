import { readFileSync } from 'node:fs';
import { openKernel } from '@dentryscope/agent';
import { readNode } from '@dentryscope/agent';
import { CgroupTree } from '@dentryscope/identity';
import { SettingError } from '@dentryscope/runtime';
import type { CommandModule, Context } from '../command.js';

type Finding = readonly [mark: '✓' | '!' | '✗', what: string, detail: string];

async function doctor(context: Context): Promise<number> {
  const { settings } = context;
  const release = releaseOf(settings.procRoot);
  process.stdout.write(`Linux ${release}, ${process.arch}, uid ${process.getuid?.()}\n`);
  const tree = await CgroupTree.open({ procRoot: settings.procRoot, cgroupRoot: settings.cgroupRoot });
  const findings = [...(await hooks(context, tree, release)), ...cgroups(tree), ...node(context, release)];
  for (const [mark, what, detail] of findings) process.stdout.write(`${mark} ${what.padEnd(24)} ${detail}\n`);
  return findings.some(([mark]) => mark === '✗') ? 1 : 0;
}

/** @throws SettingError where there is no procfs */
function releaseOf(procRoot: string): string {
  try {
    return readFileSync(`${procRoot}/sys/kernel/osrelease`, 'utf8').trim();
  } catch (error) {
    throw new SettingError(`DENTRYSCOPE_PROC_ROOT=${JSON.stringify(procRoot)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function hooks({ settings, logger }: Context, tree: CgroupTree, release: string): Promise<Finding[]> {
  if (settings.backend === 'none') return [['!', 'kernel hooks', 'off: DENTRYSCOPE_BACKEND=none']];
  logger.level = 'fatal'; // what it would log is what is printed here
  const kernel = await openKernel(settings, tree, release, logger);
  const told = new Set<string>();
  const findings = kernel.signals
    .flatMap((signal) => signal.hooks())
    .map((hook): Finding => {
      const refused = hook.tried.map(({ backend, error }) => `${backend}: ${once(told, error)}`).join('; ');
      if (hook.backend === null) return ['✗', hook.hook, `not measured — ${refused}`];
      const limits = [
        ...(hook.includesPseudo ? ['pipes and sockets are counted too'] : []),
        ...(hook.perCgroup ? [] : ['for the node only']),
        ...(refused ? [`not ${refused}`] : []),
      ];
      return [limits.length ? '!' : '✓', hook.hook, [hook.backend, ...limits].join(' — ')];
    });
  // Some know only after a look what they do not see.
  for (const signal of kernel.signals) signal.sample();
  const problems = kernel.signals.flatMap((signal) => signal.problems());
  for (const signal of kernel.signals) signal.close();
  return [...findings, ...problems.map((problem): Finding => ['!', 'not whole', problem])];
}

/** Most hooks are refused for the same reason: it is said in full the first time. */
function once(told: Set<string>, reason: string): string {
  if (told.has(reason)) return 'as above';
  told.add(reason);
  return reason;
}

function cgroups(tree: CgroupTree): Finding[] {
  const { layout, v2, v1, preferV1, problems } = tree.hierarchies();
  const mounted = [
    ...(v2 ? [`v2 at ${v2}`] : []),
    ...v1.map(({ controllers, path }) => `${controllers} at ${path}`),
  ];
  const order = layout === 'hybrid' ? `, ${preferV1 ? 'v1' : 'v2'} first` : '';
  return [
    [
      mounted.length ? '✓' : '✗',
      'cgroups',
      `${layout}${order}: ${mounted.join(', ') || 'none that is believed'}`,
    ],
    ...problems.map((problem): Finding => ['!', 'cgroups', problem]),
    ['✓', 'cgroups alive', String(tree.all().length)],
  ];
}

function node({ settings }: Context, release: string): Finding[] {
  const { state, pressure, failures } = readNode(settings.procRoot, release);
  const seen = (what: string, value: unknown, missing: string): Finding =>
    value === undefined ? ['!', what, missing] : ['✓', what, String(value)];
  return [
    seen('dentries', state.nrDentry, 'no /proc/sys/fs/dentry-state'),
    seen('negative dentries', state.nrNegative, 'not counted before Linux 5.0'),
    seen('slab caches', state.slabCaches?.length || undefined, 'no /proc/slabinfo'),
    seen('PSI', Object.keys(pressure).join(' ') || undefined, 'no /proc/pressure (CONFIG_PSI, or psi=1)'),
    ...failures.map((failure): Finding => ['!', 'node', failure]),
  ];
}

export const command: CommandModule = {
  name: 'doctor',
  usage: '',
  summary: 'What this machine can measure, hook by hook, and why not.',
  details: 'Exit status 1 when a hook cannot be attached at all.',
  positionals: { min: 0, max: 0 },
  run: doctor,
};
