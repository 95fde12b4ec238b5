/** Whether the API says of each window just what was put into it. */
import { someAtATime, top } from './ask.mjs';
import {
  CLUSTER,
  NODE_METRIC,
  cgroupColumns,
  cgroupIds,
  cgroupPath,
  nodeName,
  valuesOf,
} from './content.mjs';
import { compared, tally } from './verdict.mjs';

/** Behind the last window nothing may stand. */
const BEYOND = 60;

/** The series of a node that are asked for, each with what its values should be. */
function asked(seed, node, windows) {
  const contents = Array.from({ length: windows }, (_, window) => valuesOf(seed, node, window));
  const ofCgroup = (id, n) =>
    contents.map(({ cgroups }) => cgroups.find((cgroup) => cgroup.id === id)?.values[n] ?? null);
  return [
    { where: { metric: NODE_METRIC }, expected: contents.map(({ dentries }) => dentries) },
    ...cgroupIds(node).flatMap((id) =>
      cgroupColumns.map(({ name }, n) => ({
        where: { metric: name, cgroup: String(id) },
        expected: ofCgroup(id, n),
      })),
    ),
  ];
}

async function judgeNode({ run, address, baseMs }, node, windows) {
  const all = [];
  for (const { where, expected } of asked(run.seed, node, windows)) {
    const range = { fromMs: baseMs, count: windows + BEYOND };
    all.push(await compared(address, { node: nodeName(node), ...where }, range, expected));
  }
  return all;
}

/** Who the cgroups are was told in some windows only. */
async function unnamed(system, node) {
  const { baseMs, address } = system;
  const query = {
    metric: cgroupColumns[0].name,
    by: 'cgroup',
    cluster: CLUSTER,
    node: nodeName(node),
    limit: '100',
  };
  const time = { from: new Date(baseMs).toISOString(), to: new Date().toISOString() };
  const { items } = await top(address, { ...query, ...time });
  return items
    .filter(({ cgroupId, path }) => path !== cgroupPath(Number(cgroupId)))
    .map(({ cgroupId }) => cgroupId);
}

/**
 * @param windows by node index: how many its agent has made
 * @returns windows and values asked for; of the windows how many were lost, twice and wrong in any of their values;
 *   the first findings
 */
export async function judge(system, windows) {
  const judged = await someAtATime(windows.map((count, node) => () => judgeNode(system, node, count)));
  const names = system.names ? await someAtATime(windows.map((_, node) => () => unnamed(system, node))) : [];
  return {
    windows: windows.reduce((sum, count) => sum + count, 0),
    ...tally(judged.flat()),
    unnamed: names.flat().length,
  };
}
