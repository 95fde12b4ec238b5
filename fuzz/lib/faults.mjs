/** Faults for the fuzzer to find: a fuzzer that finds none proves something only when it is seen to find these. */

const AT = 777;

const at = (index, fault) => (handle) => async (messages, sinks) =>
  Number(messages[0].offset) === index ? fault(messages, sinks, handle) : handle(messages);

const kept = [];

export const faults = {
  swallow: at(AT, () => {}),
  twice: at(AT, async (messages, _sinks, handle) => {
    await handle(messages);
    await handle(messages);
  }),
  throw: at(AT, () => {
    throw new RangeError('a fault on purpose');
  }),
  hang: at(AT, () => {
    for (;;);
  }),
  never: at(AT, () => new Promise(() => {})),
  /** Message 0 is empty, and no batch. */
  accept: at(0, (_messages, { store, someBatch }) => store.write([someBatch])),
  alter: at(0, (messages, { deadLetters }) =>
    deadLetters.publish('', [{ ...messages[0], headers: { reason: 'none' }, value: Uint8Array.of(1) }]),
  ),
  leak: (handle) => (messages) => {
    kept.push(new Array(1000).fill(messages[0].offset));
    return handle(messages);
  },
};
