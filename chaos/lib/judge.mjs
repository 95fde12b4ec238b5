/** Whether the API says of each window just what was put into it. */
import { series, someAtATime, top } from './ask.mjs';
import {
  CLUSTER,
  NODE_METRIC,
  WINDOW_MS,
  cgroupColumns,
  cgroupIds,
  cgroupPath,
  nodeName,
  valuesOf,
} from './content.mjs';

const EXAMPLES = 10;
/** Behind the last window nothing may stand. */
const BEYOND = 60;

export function verdict(expected, seen) {
  if (seen === expected) return undefined;
  if (seen === null) return 'lost';
  return seen === 2 * expected ? 'twice' : 'wrong';
}

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

/** @returns a list of { node, window, what, where, expected, seen }, and how many values were right */
async function judgeNode(system, node, windows) {
  const findings = [];
  let values = 0;
  for (const { where, expected } of asked(system.run.seed, node, windows)) {
    const query = { ...where, cluster: CLUSTER, node: nodeName(node) };
    const range = { fromMs: system.baseMs, stepMs: WINDOW_MS, count: windows + BEYOND };
    const seen = await series(system.address, query, range);
    seen.forEach((value, window) => {
      const right = expected[window] ?? null;
      const what = verdict(right, value);
      if (what) findings.push({ node: nodeName(node), window, what, ...where, expected: right, seen: value });
      else if (right !== null) values += 1;
    });
  }
  return { findings, values };
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
  const findings = judged.flatMap((one) => one.findings);
  const windowsWith = (what) =>
    new Set(findings.filter((one) => one.what === what).map(({ node, window }) => `${node}/${window}`)).size;
  const names = system.names ? await someAtATime(windows.map((_, node) => () => unnamed(system, node))) : [];
  return {
    windows: windows.reduce((sum, count) => sum + count, 0),
    right: judged.reduce((sum, { values }) => sum + values, 0),
    lost: windowsWith('lost'),
    twice: windowsWith('twice'),
    wrong: windowsWith('wrong'),
    unnamed: names.flat().length,
    examples: findings.slice(0, EXAMPLES),
  };
}
