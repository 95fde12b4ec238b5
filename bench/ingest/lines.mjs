/** The lines that the real writer makes of messages, as it sends them: taken from its own requests. */
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { decodeWindow } from '@dentryscope/contracts';
import { openInfluxStore } from '@dentryscope/store';

/** @returns lines by the precision of their times: figures have 'ms', infos (whose time InfluxDB gives) 'ns' */
export async function readyMade(messages, atOnce) {
  const lines = { ms: [], ns: [] };
  const server = createServer(async (request, response) => {
    const precision = new URL(request.url, 'http://any').searchParams.get('precision');
    const body = gunzipSync(await buffer(request)).toString();
    lines[precision].push(...body.trimEnd().split('\n'));
    response.writeHead(204).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const store = await openInfluxStore({ url, org: 'any', bucket: 'any', token: 'any' });
  for (let from = 0; from < messages.length; from += atOnce)
    await store.writer.write(messages.slice(from, from + atOnce).map((bytes) => decodeWindow(bytes)));
  await store.close();
  await new Promise((resolve) => server.close(resolve));
  return lines;
}
