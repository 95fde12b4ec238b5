/** Every error leaves as problem details (RFC 9457) with a code of the closed list. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, problems } from '@dentryscope/contracts';
import type { ProblemBody, ProblemCode } from '@dentryscope/contracts';
import { StoreError } from '@dentryscope/store';
import type { App } from '../context.js';
import { invalid } from '../query/invalid.js';

export const PROBLEM_TYPE = 'application/problem+json';
const RETRY_AFTER_S = 5;
/** Fastify's own messages repeat the whole address. */
const LONGEST_DETAIL = 300;

export function problemBody(code: ProblemCode, detail: string, instance?: string): ProblemBody {
  const { status, title } = problems[code];
  const type = `urn:dentryscope:problem:${code}`;
  return { type, title, status, code, detail, ...(instance === undefined ? {} : { instance }) };
}

const routeName = (request: FastifyRequest) => `${request.method} ${request.routeOptions.url ?? request.url}`;

function fromValidation(error: FastifyError, request: FastifyRequest): Problem {
  const part = error.validationContext === 'params' ? 'params' : 'querystring';
  const given = (part === 'params' ? request.params : request.query) as Record<string, unknown>;
  const schema = (request.routeOptions.schema?.[part] ?? {}) as Parameters<typeof invalid>[3];
  return invalid(error.validation ?? [], routeName(request), given, schema);
}

function toProblem(error: FastifyError, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  if (error.validation) return fromValidation(error, request);
  if (error instanceof StoreError)
    return new Problem('store_unavailable', `The store does not answer: ${error.message}`, { cause: error });
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500)
    return new Problem('invalid_request', error.message.slice(0, LONGEST_DETAIL), { cause: error });
  // What went wrong inside may hold paths, addresses or queries: it is for the log alone.
  const detail = `Not your request's fault. The log of dentryscope has the cause, under reqId ${request.id}.`;
  return new Problem('internal', detail, { cause: error });
}

function logProblem(problem: Problem, request: FastifyRequest): void {
  const { status } = problems[problem.code];
  const level = problem.code === 'internal' ? 'error' : status >= 500 ? 'warn' : 'debug';
  request.log[level](
    { err: problem.cause ?? problem, code: problem.code, url: request.url },
    problem.message,
  );
}

/** @param body may hold extension members (RFC 9457, 3.2) beside the fixed ones */
export function sendProblem<B extends ProblemBody>(reply: FastifyReply, body: B): FastifyReply {
  return reply
    .code(body.status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .serializer((payload) => JSON.stringify(payload))
    .send(body);
}

export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error, request);
  logProblem(problem, request);
  const retryable = problem.cause instanceof StoreError && problem.cause.retryable;
  if (retryable) void reply.header('retry-after', RETRY_AFTER_S);
  return sendProblem(reply, problemBody(problem.code, problem.message, request.url));
}

export function addProblems(app: App): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => answerError(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const detail = `There is no ${request.method} ${request.url.split('?')[0]}. GET /openapi.json lists the routes, /docs shows them.`;
    return sendProblem(reply, problemBody('not_found', detail, request.url));
  });
}
