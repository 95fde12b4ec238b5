import { createServer } from 'node:net';

/**
 * Below Linux's ephemeral range (32768–60999): while a part is down between kill and restart, no outgoing
 * connection of another process can take its port.
 */
const LOWEST = 20_000;
const COUNT = 12_000;
const TRIES = 50;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

/** As many different ports of 127.0.0.1 as asked for, on which nothing listens now. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let i = 0; i < TRIES && found.size < count; i++) {
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) found.add(port);
  }
  if (found.size < count) throw new Error(`no free port on 127.0.0.1 in ${LOWEST}–${LOWEST + COUNT - 1}`);
  return [...found];
}
