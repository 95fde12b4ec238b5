/** kafkajs when it is first used: a process with another transport should not pay 10 MB for it. */
import { createRequire } from 'node:module';
import type * as Kafkajs from 'kafkajs';

const require = createRequire(import.meta.url);

/** Node keeps what it has loaded. */
export const kafkajs = () => require('kafkajs') as typeof Kafkajs;
