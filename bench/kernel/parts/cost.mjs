/** What one event costs inside the program, by BPF_PROG_TEST_RUN: see bpf/cost.bpf.c. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../../../scripts/lib/child.mjs';
import { makeCgroups } from '../lib/cgroups.mjs';
import { built } from '../lib/setup.mjs';
import { summary } from '../../lib/stats.mjs';

const RUNS = 31;
const WANTED = 10;

/** The v1 hierarchies that the agent asks: lines of /proc/cgroups with a hierarchy. */
function v1Controllers() {
  const lines = readFileSync('/proc/cgroups', 'utf8').trim().split('\n').slice(1);
  const mounted = lines.map((line) => line.split('\t')).filter(([, hierarchy]) => hierarchy !== '0');
  const names = new Set(mounted.map(([name]) => name));
  return ['memory', 'pids', 'cpu'].filter((name) => names.has(name));
}

export async function cost({ args, scope, folder, say }) {
  const [cgroup] = makeCgroups(folder, 'cost', 1);
  const procs = join(cgroup, 'cgroup.procs');
  const numbers = [args.cpu, args.rounds, RUNS].map(String);
  const object = join(built, 'cost.bpf.o');
  const runner = [object, ...numbers, procs, ...v1Controllers()];
  const text = await output(scope, join(built, 'cost'), runner, (line) => say(line.trim()));
  const { events, rounds, counts } = JSON.parse(text);
  const names = Object.keys(rounds[0]).filter((name) => name !== 'nothing');
  const nsOf = (round, name) => (round[name] - round.nothing) / events;
  const perEventNs = Object.fromEntries(
    names.map((name) => [name, summary(rounds.map((round) => nsOf(round, name)))]),
  );
  const timesCheaper = summary(rounds.map((round) => nsOf(round, 'hash_update') / nsOf(round, 'ours')));
  return {
    events,
    runs: RUNS,
    perEventNs,
    counts,
    timesCheaper,
    pass: timesCheaper.median >= WANTED,
    wanted: WANTED,
  };
}
