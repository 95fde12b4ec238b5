// Publishes to its standard output until that fails, and then says how; exit status 7.
import { createBatch, encodeBatch } from '@dentryscope/contracts';
import { openStdoutPublisher } from '@dentryscope/transport';

const publisher = openStdoutPublisher();
const value = encodeBatch(createBatch({ cluster: 'c', node: 'n', bootId: 'b', seq: 1n }));
try {
  for (;;) {
    await publisher.publish('t', [{ key: 'k', value }]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
} catch (error) {
  console.error(error.retryable, error.message);
  console.error('status', JSON.stringify(publisher.status()));
  process.exitCode = 7;
}
