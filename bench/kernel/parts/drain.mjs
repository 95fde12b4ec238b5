/** Reading the counts of many cgroups: ours, and a per-CPU hash of the same entries. */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupIdOf, DentryProbe } from '@dentryscope/native';
import { Child, output } from '../../../scripts/lib/child.mjs';
import { makeCgroups, removeCgroups } from '../lib/cgroups.mjs';
import { built } from '../lib/setup.mjs';
import { summary } from '../../lib/stats.mjs';

const LEAST_TIMES_CHEAPER = 6;
const MAX_CGROUPS = 8192;
const ways = ['table', 'nextKeyLookup', 'lookupBatch'];

/** Maps that this process holds: /proc/self/fdinfo has the id of each. */
function ownMaps() {
  const ids = readdirSync('/proc/self/fdinfo').flatMap((fd) => {
    try {
      return /^map_id:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? [];
    } catch (error) {
      if (error.code === 'ENOENT') return []; // the descriptor of the listing itself
      throw error;
    }
  });
  return [...new Set(ids)];
}

/** Every cgroup must have counted the one lookup that its one process made. */
function checkCounts({ ids, columns }, cgroups) {
  const rows = new Map([...ids].map((id, row) => [id, columns.dentriesAllocated[row]]));
  for (const id of cgroups)
    if (rows.get(id) !== 1n) throw new Error(`cgroup ${id} counted ${rows.get(id)} of 1 failed lookup`);
}

async function oneRound(probe, reader) {
  const started = process.hrtime.bigint();
  const drained = probe.drain();
  const addonNs = Number(process.hrtime.bigint() - started);
  const told = JSON.parse(await reader.ask(''));
  const { entries } = told.nextKeyLookup;
  for (const way of ways)
    if (told[way].entries < entries)
      throw new Error(`${way} gave ${told[way].entries} entries of ${entries}`);
  if (told.nextKeyLookup.allocated !== told.lookupBatch.allocated)
    throw new Error('the two ways of reading the hash differ');
  return {
    addon: addonNs / drained.ids.length,
    ...Object.fromEntries(ways.map((way) => [way, told[way].ns / told[way].entries])),
  };
}

async function measure(context, probe, ids) {
  const { args, scope, say } = context;
  const numbers = [args.cpu, MAX_CGROUPS].map(String);
  const reader = new Child(scope, join(built, 'drain'), [...numbers, ...ownMaps()]);
  const rounds = [];
  while (rounds.length < args.rounds) {
    rounds.push(await oneRound(probe, reader));
    say(`round ${rounds.length}/${args.rounds}`);
  }
  checkCounts(probe.drain(), ids);
  await reader.end();
  return rounds;
}

export async function drain(context) {
  const { args, scope, folder, work, say } = context;
  const dir = join(work, 'drain');
  mkdirSync(dir);
  scope.defer(() => rmSync(dir, { recursive: true, force: true }));
  const cgroups = makeCgroups(folder, 'drain', args.cgroups);
  const ids = cgroups.map((path) => cgroupIdOf(path));
  const probe = DentryProbe.open({ maxCgroups: MAX_CGROUPS });
  const close = scope.defer(() => probe.close());
  say(`a process in each of ${args.cgroups} cgroups`);
  await output(scope, join(built, 'once'), [dir, ...cgroups]);
  const rounds = await measure(context, probe, ids);
  await close();
  await removeCgroups(cgroups);
  const over = (compute) => summary(rounds.map(compute));
  const perEntryNs = Object.fromEntries(['addon', ...ways].map((way) => [way, over((round) => round[way])]));
  const timesCheaper = over((round) => round.nextKeyLookup / round.table);
  const pass = timesCheaper.median >= LEAST_TIMES_CHEAPER;
  return { cgroups: args.cgroups, perEntryNs, timesCheaper, pass, wanted: LEAST_TIMES_CHEAPER };
}
