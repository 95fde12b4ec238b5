import { NodesAnswer, NodesQuery } from '@dentryscope/contracts';
import { nodeOf } from '../answer/node.js';
import { ask } from '../ask.js';
import type { App, Context } from '../context.js';
import { recordsOf } from './node-records.js';
import { askProblems, asking, problemResponses } from './responses.js';

const schema = {
  ...asking,
  summary: 'Every node heard of in the last 24 hours: state, growth, hooks, last seen',
  querystring: NodesQuery,
  response: { 200: NodesAnswer, ...problemResponses(...askProblems) },
};

export function nodesRoute(app: App, context: Context): void {
  app.get('/v1/nodes', { schema }, async (request, reply): Promise<NodesAnswer> => {
    const { limit, ...which } = request.query;
    const records = await ask(context, reply, (cap) => recordsOf(context, which, cap));
    const now = context.now();
    return { total: records.length, nodes: records.slice(0, limit).map((record) => nodeOf(record, now)) };
  });
}
