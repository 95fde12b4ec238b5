import { MetricsAnswer, metrics } from '@dentryscope/contracts';
import { Type } from 'typebox';
import type { App } from '../context.js';
import { asking, problemResponses } from './responses.js';

const schema = {
  ...asking,
  summary: 'The metrics that /v1/top and /v1/series know',
  querystring: Type.Object({}, { additionalProperties: false }),
  response: {
    200: MetricsAnswer,
    ...problemResponses('unknown_query_field', 'unauthorized', 'forbidden', 'internal'),
  },
};

const answer: MetricsAnswer = {
  metrics: metrics.map(({ name, level, kind, combine, unit, help }) => {
    return { name, level, kind, combine, unit, help };
  }),
};

export function metricsListRoute(app: App): void {
  app.get('/v1/metrics', { schema }, async (): Promise<MetricsAnswer> => answer);
}
