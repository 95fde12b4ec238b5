import { NodeAnswer, NodeParams, NodeQuery, Problem, findMetric } from '@dentryscope/contracts';
import type { Cap, NodeRecord } from '@dentryscope/store';
import { nodeOf, slabCachesOf } from '../answer/node.js';
import { topItems } from '../answer/top.js';
import { ask } from '../ask.js';
import type { App, Context } from '../context.js';
import { recordsOf } from './node-records.js';
import { askProblems, asking, problemResponses } from './responses.js';

const TOP_OVER_MS = 15 * 60_000;
const TOP_LIMIT = 10;
const allocated = findMetric('dentries_allocated')!;

const schema = {
  ...asking,
  summary: 'One node: state, hooks and why they are what they are, slab caches, top cgroups',
  params: NodeParams,
  querystring: NodeQuery,
  response: { 200: NodeAnswer, ...problemResponses(...askProblems, 'not_found') },
};

/** @throws Problem not_found; invalid_request where clusters share the name */
function only(records: readonly NodeRecord[], node: string, cluster: string | undefined): NodeRecord {
  const [record, ...others] = records;
  const where = cluster === undefined ? '' : ` in cluster ${cluster}`;
  if (!record)
    throw new Problem(
      'not_found',
      `No window of a node ${node}${where} has come in the last 24 hours. GET /v1/nodes lists the nodes.`,
    );
  if (others.length === 0) return record;
  const clusters = records.map(({ newest }) => newest.cluster).join(', ');
  throw new Problem(
    'invalid_request',
    `Clusters ${clusters} each have a node ${node}: say which with ?cluster=.`,
  );
}

function topOf({ reader, now }: Context, { cluster, node }: NodeRecord['newest'], cap: Cap) {
  const toMs = now();
  const request = {
    metric: allocated,
    by: 'cgroup',
    filter: { cluster, node },
    limit: TOP_LIMIT,
    fromMs: toMs - TOP_OVER_MS,
    toMs,
  } as const;
  return reader.top(request, cap);
}

export function nodeRoute(app: App, context: Context): void {
  app.get('/v1/nodes/:node', { schema }, async (request, reply): Promise<NodeAnswer> => {
    const { node } = request.params;
    const { record, top } = await ask(context, reply, async (cap) => {
      const records = await recordsOf(context, { ...request.query, node }, cap);
      const record = only(records, node, request.query.cluster);
      return { record, top: await topOf(context, record.newest, cap) };
    });
    return {
      ...nodeOf(record, context.now()),
      slabCaches: slabCachesOf(record),
      top: topItems(top, allocated),
    };
  });
}
