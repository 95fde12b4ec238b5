// Publishes numbered messages, one publish after another, and says which number was acknowledged.
import { openAny } from './open.mjs';

const spec = JSON.parse(process.argv[2]);
/** Other processes may hold the log for longer than one waits: the caller owns the message, and tries again. */
async function publish(messages) {
  for (;;)
    try {
      return await publisher.publish(spec.topic, messages);
    } catch (error) {
      if (!error.retryable) throw error;
    }
}

const publisher = openAny(spec).publisher();
for (let number = spec.from ?? 0; number < (spec.to ?? Infinity); number++) {
  const value = Buffer.alloc(spec.bytes ?? 200, number % 256);
  const messages = Array.from({ length: spec.each ?? 3 }, (_, part) => ({
    key: spec.key,
    value,
    headers: { number: `${number}.${part}` },
  }));
  await publish(messages);
  process.stdout.write(`${number}\n`);
}
