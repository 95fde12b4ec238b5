/**
 * How this process is. Open without a token: kubelets and Prometheus seldom have one. What the registry holds is
 * therefore for everybody who reaches the address.
 */
import { ReadyAnswer } from '@dentryscope/contracts';
import type { Registry } from '@dentryscope/runtime';
import { Type } from 'typebox';
import type { App, Context, ReadinessPart } from '../context.js';
import { problemBody, sendProblem } from '../plugins/problems.js';

/** Shorter than a kubelet's patience is often set: a store that hangs is a store that does not answer. */
const PING_TIMEOUT_MS = 3000;

const tags = ['process'];
const text = (description: string) => ({ description, content: { 'text/plain': { schema: Type.String() } } });

const readySchema = {
  tags,
  summary: 'Does the store answer, and does every part work?',
  response: {
    200: ReadyAnswer,
    503: {
      description: 'What does not work',
      content: { 'application/problem+json': { schema: { $ref: 'NotReady#' } } },
    },
  },
};

async function storePart({ reader }: Context): Promise<ReadinessPart> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${PING_TIMEOUT_MS / 1000} s`)),
      PING_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([reader.ping(), late]);
    return { name: 'store', ok: true };
  } catch (error) {
    return { name: 'store', ok: false, detail: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}

function addReady(app: App, context: Context): void {
  app.get('/readyz', { schema: readySchema }, async (_request, reply) => {
    const parts = [await storePart(context), ...context.status()];
    const failed = parts.filter(({ ok }) => !ok);
    if (failed.length === 0) return { ready: true, parts };
    const detail = failed.map((part) => `${part.name}: ${part.detail ?? 'does not work'}`).join('; ');
    return sendProblem(reply, { ...problemBody('not_ready', detail), ready: false, parts });
  });
}

export function probeRoutes(app: App, context: Context, registry: Registry): void {
  const alive = { tags, summary: 'Is the process alive?', response: { 200: text('It is.') } };
  app.get('/healthz', { schema: alive }, async (_request, reply) => reply.type('text/plain').send('ok\n'));
  addReady(app, context);
  const figures = {
    tags,
    summary: 'Figures of this process, for Prometheus',
    response: { 200: text('OpenMetrics text') },
  };
  app.get('/metrics', { schema: figures }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}
