/** Questions to the API, some at a time. */

const ASKS_AT_ONCE = 4;
/** The API gives 11,000 points at most. */
const POINTS = 10_000;

async function getJson(address, path, query) {
  const url = `${address}${path}?${new URLSearchParams(query)}`;
  const response = await fetch(url);
  const body = await response.text();
  if (!response.ok) throw new Error(`${response.status} from ${url}: ${body}`);
  return JSON.parse(body);
}

/** @param jobs functions; @returns their results, in order */
export async function someAtATime(jobs) {
  const results = [];
  let next = 0;
  const work = async () => {
    for (let at; (at = next++) < jobs.length;) results[at] = await jobs[at]();
  };
  await Promise.all(Array.from({ length: ASKS_AT_ONCE }, work));
  return results;
}

/**
 * @param where query: metric, node, cgroup …; range: fromMs, stepMs, count
 * @returns {Promise<(number | null)[]>} one a step
 */
export async function series(address, where, { fromMs, stepMs, count }) {
  const values = [];
  for (let from = 0; from < count; from += POINTS) {
    const to = Math.min(from + POINTS, count);
    const time = (step) => new Date(fromMs + step * stepMs).toISOString();
    const query = { ...where, from: time(from), to: time(to), step: `${stepMs}ms` };
    const { points } = await getJson(address, '/v1/series', query);
    for (const { value } of points) values.push(value);
  }
  return values;
}

export const top = (address, query) => getJson(address, '/v1/top', query);
