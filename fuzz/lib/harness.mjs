/** The ingester's own handler between a store and a dead-letter topic that remember what they were given. */
import { isDeepStrictEqual } from 'node:util';
import {
  checkBatch,
  createBatch,
  decodeBatch,
  encodeBatch,
  nodeBatchOf,
  topics,
} from '@dentryscope/contracts';
import { Trouble, createHandler, createMetrics } from '@dentryscope/ingester';
import { Registry, createLogger } from '@dentryscope/runtime';
import { faults } from './faults.mjs';
import { judge } from './judge.mjs';

/** What was found wrong with one message. */
export class Finding extends Error {}

const same = (a, b) => Buffer.compare(a, b) === 0;

function checkAccepted(given, expected) {
  const batch = nodeBatchOf(given);
  if (expected.why) throw new Finding(`accepted, but it is no good: ${expected.why}`);
  const why = checkBatch(given);
  if (why) throw new Finding(`the store was given what contracts' check refuses: ${why}`);
  if (!isDeepStrictEqual(batch, expected.batch))
    throw new Finding('the store was given another batch than protobuf-es reads');
  if (!isDeepStrictEqual(decodeBatch(encodeBatch(batch)), batch))
    throw new Finding('encoded again and decoded it is another batch');
}

function checkBuried(letter, received, expected) {
  if (expected.batch) throw new Finding(`given up, but it is good: ${letter.headers.reason}`);
  if (!same(letter.value, received.value))
    throw new Finding('the dead letter has other bytes than were sent');
  const { reason, topic, offset } = letter.headers;
  if (!reason) throw new Finding('the dead letter has no reason');
  if (topic !== received.topic || offset !== String(received.offset))
    throw new Finding(`the dead letter names ${topic} ${offset} as its place`);
}

export class Harness {
  #written = [];
  #letters = [];
  #handle;

  constructor(fault) {
    const store = { write: async (batches) => void this.#written.push(...batches) };
    const deadLetters = { publish: async (_topic, letters) => void this.#letters.push(...letters) };
    const handle = createHandler({
      store,
      deadLetters,
      metrics: createMetrics(new Registry()),
      logger: createLogger('fuzz', 'fatal'),
      trouble: new Trouble(),
      signal: new AbortController().signal,
      backoff: { firstMs: 1, mostMs: 10 },
    });
    const sinks = { store, deadLetters, someBatch: createBatch({}) };
    const faulty = fault && faults[fault](handle);
    this.#handle = faulty ? (messages) => faulty(messages, sinks) : handle;
  }

  /** @returns {Promise<'accepted' | 'deadLettered'>} @throws Finding */
  async send(value, index) {
    this.#written = [];
    this.#letters = [];
    const place = { topic: topics.deltas, partition: 0, offset: BigInt(index), timestampMs: 0 };
    const received = { key: 'fuzz', value, ...place };
    const before = Uint8Array.from(value);
    try {
      await this.#handle([received]);
    } catch (error) {
      throw new Finding(`the handler threw: ${error.stack}`);
    }
    if (!same(before, value)) throw new Finding('the handler wrote into the message');
    return this.#verdict(received);
  }

  #verdict(received) {
    const [written, letters] = [this.#written, this.#letters];
    if (written.length + letters.length !== 1)
      throw new Finding(`1 message sent, ${written.length} accepted and ${letters.length} dead-lettered`);
    const expected = judge(received.value);
    if (written.length === 1) checkAccepted(written[0], expected);
    else checkBuried(letters[0], received, expected);
    return written.length === 1 ? 'accepted' : 'deadLettered';
  }
}
