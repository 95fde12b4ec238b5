import { Histogram } from '@dentryscope/runtime';
import type { Registry } from '@dentryscope/runtime';
import type { App } from '../context.js';

const NAME = 'dentryscope_api_request_duration_seconds';

function histogram(registry: Registry): Histogram<'route' | 'status'> {
  const existing = registry.getSingleMetric(NAME);
  if (existing instanceof Histogram) return existing as Histogram<'route' | 'status'>;
  return new Histogram({
    name: NAME,
    help: 'Time from a request to the end of its answer, by route and HTTP status.',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
}

/** The route is its pattern: addresses as they were asked would make a series for every node and every scanner. */
export function addDurations(app: App, registry: Registry): void {
  const durations = histogram(registry);
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unmatched';
    durations.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
}
