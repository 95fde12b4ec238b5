import { SeriesAnswer, SeriesQuery } from '@dentryscope/contracts';
import { Type } from 'typebox';
import type { Cap, Gap, SeriesRequest } from '@dentryscope/store';
import { seriesOf, toCsv } from '../answer/series.js';
import { ask } from '../ask.js';
import type { App, Context } from '../context.js';
import { filterOf } from '../query/filter.js';
import { checkNodeFilter, metricOf } from '../query/metric.js';
import { stepOf } from '../query/step.js';
import { rangeOf } from '../query/times.js';
import { askProblems, asking, problemResponses } from './responses.js';

const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

const schema = {
  ...asking,
  summary: 'A metric over time, summed over what the filters leave',
  querystring: SeriesQuery,
  response: {
    200: {
      description:
        'A counter is summed over the windows that start in a step; of a gauge the last window counts.',
      content: {
        'application/json': { schema: SeriesAnswer },
        'text/csv': {
          schema: Type.String({ description: 'Lines of time,value; an empty value: no window.' }),
        },
      },
    },
    ...problemResponses(...askProblems, 'unknown_metric', 'too_much'),
  },
};

const MOST_GAPS = 1000;

/** Of a filter what names nodes: on which of them a pod ran is not asked for. */
function placeOf({
  cluster,
  node,
}: SeriesRequest['filter']): Pick<SeriesRequest['filter'], 'cluster' | 'node'> {
  return { ...(cluster === undefined ? {} : { cluster }), ...(node === undefined ? {} : { node }) };
}

function requestOf(query: SeriesQuery, now: number): SeriesRequest {
  const metric = metricOf(query.metric);
  const filter = filterOf(query);
  checkNodeFilter(metric, filter);
  const range = rangeOf(query, now);
  return { metric, filter, ...range, stepMs: stepOf(query.step, range) };
}

const nothingAfter = (limit: AbortSignal) =>
  new Promise<null>((resolve) => limit.addEventListener('abort', () => resolve(null), { once: true }));

/**
 * Every window of the range is compared with the next one: of a day of hundreds of nodes that takes longer than the
 * figures, and must not cost the answer. @returns null where it takes more than half of the time, or cannot be known
 */
function gapsInTime({ queryTimeoutMs, reader }: Context, cap: Cap) {
  const limit = AbortSignal.timeout(Math.ceil(queryTimeoutMs / 2));
  const signal = AbortSignal.any([cap.signal, limit]);
  return ({ filter, fromMs, toMs }: SeriesRequest): Promise<readonly Gap[] | null> => {
    if (limit.aborted) return Promise.resolve(null);
    const where = { filter: placeOf(filter), fromMs, toMs, limit: MOST_GAPS };
    // What is aborted rejects: by then the race is over.
    return Promise.race([reader.gaps(where, { signal }), nothingAfter(limit)]);
  };
}

/** The gaps are those of what is answered: looked for meanwhile, as that is mostly what was asked for. */
async function withGaps(context: Context, asked: SeriesRequest, cap: Cap) {
  const gapsOf = gapsInTime(context, cap);
  const [result, gaps] = await Promise.all([context.reader.series(asked, cap), gapsOf(asked)]);
  return [result, result.widened ? await gapsOf({ ...asked, ...result.widened }) : gaps] as const;
}

export function seriesRoute(app: App, context: Context): void {
  app.get('/v1/series', { schema }, async (request, reply): Promise<SeriesAnswer> => {
    const asked = requestOf(request.query, context.now());
    const isCsv = request.query.format === 'csv';
    const [result, gaps] = await ask(context, reply, async (cap) =>
      // CSV has no place for gaps, and to look for them may cost more than the figures.
      isCsv ? ([await context.reader.series(asked, cap), null] as const) : withGaps(context, asked, cap),
    );
    const answer = seriesOf(asked, result, gaps);
    if (!isCsv) return answer;
    return reply.type(CSV_TYPE).serializer(String).send(toCsv(answer));
  });
}
