import { TopAnswer, TopQuery } from '@dentryscope/contracts';
import { topItems } from '../answer/top.js';
import { ask } from '../ask.js';
import type { App, Context } from '../context.js';
import { filterOf } from '../query/filter.js';
import { checkNodeFilter, dimensionOf, metricOf } from '../query/metric.js';
import { iso, rangeOf } from '../query/times.js';
import { askProblems, asking, problemResponses } from './responses.js';

const schema = {
  ...asking,
  summary: 'Who has most of a metric over a range',
  querystring: TopQuery,
  response: { 200: TopAnswer, ...problemResponses(...askProblems, 'unknown_metric') },
};

function requestOf(query: TopQuery, now: number) {
  const metric = metricOf(query.metric);
  const by = dimensionOf(metric, query.by);
  const filter = filterOf(query);
  checkNodeFilter(metric, filter);
  return { metric, by, filter, limit: query.limit, ...rangeOf(query, now) };
}

export function topRoute(app: App, context: Context): void {
  app.get('/v1/top', { schema }, async (request, reply): Promise<TopAnswer> => {
    const asked = requestOf(request.query, context.now());
    const result = await ask(context, reply, (cap) => context.reader.top(asked, cap));
    const { fromMs, toMs } = result.widened ?? asked;
    return {
      metric: asked.metric.name,
      unit: asked.metric.unit,
      by: asked.by,
      from: iso(fromMs),
      to: iso(toMs),
      ...(result.total !== undefined && { total: result.total }),
      items: topItems(result, asked.metric),
    };
  });
}
