/** Bearer tokens (RFC 6750). Every route of the instance wants `read`, or the scope that its config names. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Problem } from '@dentryscope/contracts';
import type { Scope, TokenStore } from '../tokens.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a token must hold for this route; `read` where it is left out. */
    scope?: Scope;
  }
}

const REALM = 'Bearer realm="dentryscope"';

function refuse(reply: FastifyReply, code: 'unauthorized' | 'forbidden', challenge: string, why: string) {
  void reply.header('www-authenticate', `${REALM}${challenge}`);
  return new Problem(code, why);
}

/** @returns '' where there is no bearer token */
function bearer(header: string | undefined): string {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(header ?? '')?.[1] ?? '';
}

export function addAuth(app: Pick<FastifyInstance, 'addHook'>, tokens: TokenStore): void {
  app.addHook('onRequest', async (request, reply) => {
    const token = bearer(request.headers.authorization);
    if (token === '') throw refuse(reply, 'unauthorized', '', 'Send a token: Authorization: Bearer TOKEN.');
    const holder = await tokens.find(token);
    if (!holder)
      throw refuse(
        reply,
        'unauthorized',
        ', error="invalid_token"',
        'This token is not known (any more): the file of DENTRYSCOPE_API_TOKENS_FILE does not hold its hash.',
      );
    const scope = request.routeOptions.config.scope ?? 'read';
    if (holder.scope !== 'admin' && holder.scope !== scope)
      throw refuse(
        reply,
        'forbidden',
        `, error="insufficient_scope", scope="${scope}"`,
        `The token ${holder.name} has the scope ${holder.scope}; this route wants ${scope}.`,
      );
  });
}
