import type { App } from '../context.js';

/** An answer that leaves while the server closes is the last on its connection: else the end would wait for keep-alive. */
export function addClosing(app: App): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (closing) void reply.header('connection', 'close');
  });
}
