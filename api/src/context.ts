import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Part } from '@dentryscope/runtime';
import type { Reader } from '@dentryscope/store';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** A part of the process that /readyz reports on, beside the store. */
export type ReadinessPart = Part;

/** What the routes need of the outside. The API keeps no state of its own. */
export interface Context {
  readonly reader: Reader;
  readonly queryTimeoutMs: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly status: () => readonly ReadinessPart[];
}
