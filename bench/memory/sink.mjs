/**
 * Stands in for an InfluxDB that takes whatever comes at once: no real one on this machine takes what an ingester can
 * send, and its memory is to be seen at its fastest. Prints its address; ends with its standard input.
 */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  request.resume().once('end', () => response.writeHead(204).end());
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
process.stdin.resume().once('end', () => process.exit());
