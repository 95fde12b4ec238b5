import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ProblemBody } from './common.js';

/** One part that must work for the service to be of use. */
const ReadinessPart = Type.Object({
  name: Type.String(),
  ok: Type.Boolean(),
  detail: Type.Optional(Type.String({ description: 'What is wrong or missing' })),
});

export const ReadyAnswer = Type.Object({
  ready: Type.Boolean(),
  parts: Type.Array(ReadinessPart),
});
export type ReadyAnswer = Static<typeof ReadyAnswer>;

/** Not ready: problem details with the parts as an extension member (RFC 9457, 3.2). */
export const NotReadyBody = Type.Object(
  { ...ProblemBody.properties, ...ReadyAnswer.properties },
  { $id: 'NotReady', description: 'Problem details with the parts of the service' },
);
export type NotReadyBody = Static<typeof NotReadyBody>;
