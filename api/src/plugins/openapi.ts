/** The schemas that check and type the routes are the documentation too: /openapi.json, shown at /docs. */
import fastifySwagger from '@fastify/swagger';
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import { NotReadyBody, ProblemBody } from '@dentryscope/contracts';
import type { App } from '../context.js';

const description = `Which pod fills the kernel's dentry cache, for every node of the fleet.

Figures belong to windows (10 s by default); a window belongs to the range that its start lies in: from <= start < to.
What a kernel can't see is absent, never 0. Errors are problem details (RFC 9457) with a code of a closed list.
Unknown query fields are refused.`;

const document: NonNullable<FastifyDynamicSwaggerOptions['openapi']> = {
  openapi: '3.1.0',
  info: {
    title: 'dentryscope',
    version: '1',
    description,
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
  },
  servers: [{ url: '/' }],
  tags: [
    { name: 'fleet', description: 'What the fleet can be asked' },
    { name: 'process', description: 'How this process is; open without a token, for probes and Prometheus' },
  ],
  components: {
    securitySchemes: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        description:
          'Wanted where DENTRYSCOPE_API_TOKENS_FILE is set; scope read, or admin, which holds read.',
      },
    },
  },
};

/** Before the routes: the plugin sees only what is registered after it. */
export async function addOpenapi(app: App): Promise<void> {
  app.addSchema(ProblemBody);
  app.addSchema(NotReadyBody);
  await app.register(fastifySwagger, {
    openapi: document,
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`),
    },
  });
  await app.register(fastifySwaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true } });
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  );
}
