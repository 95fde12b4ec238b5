import { FleetAnswer, FleetQuery } from '@dentryscope/contracts';
import { fleetOf } from '../answer/fleet.js';
import { nodeOf } from '../answer/node.js';
import { ask } from '../ask.js';
import type { App, Context } from '../context.js';
import { recordsOf } from './node-records.js';
import { askProblems, asking, problemResponses } from './responses.js';

const schema = {
  ...asking,
  summary: 'Totals, the worst nodes, and what is missing',
  querystring: FleetQuery,
  response: { 200: FleetAnswer, ...problemResponses(...askProblems) },
};

export function fleetRoute(app: App, context: Context): void {
  app.get('/v1/fleet', { schema }, async (request, reply): Promise<FleetAnswer> => {
    const records = await ask(context, reply, (cap) => recordsOf(context, request.query, cap));
    const now = context.now();
    return fleetOf(
      records.map((record) => nodeOf(record, now)),
      now,
      request.query.cluster,
    );
  });
}
