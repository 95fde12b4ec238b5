import Fastify, { LogController } from 'fastify';
import type { FastifyBaseLogger } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Registry } from '@dentryscope/runtime';
import type { Reader } from '@dentryscope/store';
import type { App, Context, ReadinessPart } from './context.js';
import { toJson } from './json.js';
import { addAuth } from './plugins/auth.js';
import { answerClientError } from './plugins/client-error.js';
import { addClosing } from './plugins/closing.js';
import { addDurations } from './plugins/duration.js';
import { addHeaders } from './plugins/headers.js';
import { addOpenapi } from './plugins/openapi.js';
import { addPage } from './plugins/page.js';
import { addProblems, answerError } from './plugins/problems.js';
import { readIntegers } from './query/integers.js';
import { fleetRoute } from './routes/fleet.js';
import { metricsListRoute } from './routes/metrics-list.js';
import { nodeRoute } from './routes/node.js';
import { nodesRoute } from './routes/nodes.js';
import { probeRoutes } from './routes/probes.js';
import { seriesRoute } from './routes/series.js';
import { topRoute } from './routes/top.js';
import type { TokenStore } from './tokens.js';

export interface AppOptions {
  readonly reader: Reader;
  readonly logger: FastifyBaseLogger;
  /** Without it every route is open: see `assertSafeListen`. */
  readonly tokens?: TokenStore | undefined;
  readonly queryTimeoutMs: number;
  readonly registry: Registry;
  readonly now?: () => number;
  readonly status?: () => readonly ReadinessPart[];
}

/** Nothing is ever sent to this API but a GET: small limits cost nobody. */
const limits = {
  bodyLimit: 1024,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  routerOptions: { maxParamLength: 1024 },
} as const;

function createApp(logger: FastifyBaseLogger): App {
  const app = Fastify({
    ...limits,
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }), // a page asks every few seconds
    return503OnClosing: false, // its body is no problem details; what was asked is answered
    forceCloseConnections: 'idle',
    // Unknown fields are refused, not stripped; text is no number until readIntegers says so.
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true, allErrors: true },
    },
    frameworkErrors: answerError as never,
    clientErrorHandler: answerClientError,
  });
  app.setSerializerCompiler(() => toJson);
  return app.withTypeProvider<TypeBoxTypeProvider>() as App;
}

/** What the fleet can be asked: the only routes behind a token. */
function addFleetRoutes(app: App, context: Context, tokens: TokenStore | undefined): void {
  app.register(async (scope) => {
    const routes = scope as App;
    if (tokens) addAuth(routes, tokens);
    routes.addHook('preValidation', readIntegers);
    routes.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'));
    fleetRoute(routes, context);
    nodesRoute(routes, context);
    nodeRoute(routes, context);
    seriesRoute(routes, context);
    topRoute(routes, context);
    metricsListRoute(routes);
  });
}

/** The tokens that hold although their file is broken: worth a word, no reason to take the API out of service. */
function tokenParts(tokens: TokenStore | undefined): ReadinessPart[] {
  return tokens?.fault === undefined ? [] : [{ name: 'tokens', ok: true, detail: tokens.fault }];
}

/** The whole API, not yet listening. The registry gets the histogram of requests. */
export async function buildApp(options: AppOptions): Promise<App> {
  const { reader, queryTimeoutMs, tokens, registry, now = Date.now, status = () => [] } = options;
  const context: Context = {
    reader,
    queryTimeoutMs,
    now,
    status: () => [...status(), ...tokenParts(tokens)],
  };
  const app = createApp(options.logger);
  addProblems(app);
  addHeaders(app);
  addClosing(app);
  addDurations(app, registry);
  await addOpenapi(app);
  addFleetRoutes(app, context, tokens);
  probeRoutes(app, context, registry);
  await addPage(app);
  return app;
}
