/**
 * In front of a real InfluxDB, on loopback: gives the first writes a fault, and hands everything else on. A fake,
 * because a real InfluxDB can't be made to answer so when a test wants it.
 */
import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What a write is answered. `pass` hands it on. */
export type Fault = (socket: Socket, pass: () => Promise<void>) => Promise<void> | void;

/** Raw bytes, then nothing more: the connection is cut. */
export const says =
  (answer: string): Fault =>
  (socket) =>
    void socket.end(answer);

/** A whole answer. */
export const answers = (status: string, headers: readonly string[] = [], body = ''): Fault =>
  says(
    [`HTTP/1.1 ${status}`, `content-length: ${body.length}`, ...headers, 'connection: close', '', body].join(
      '\r\n',
    ),
  );

export const faults: Readonly<Record<string, Fault>> = {
  '500': answers(
    '500 Internal Server Error',
    ['content-type: application/json'],
    '{"code":"internal error"}',
  ),
  '429': answers('429 Too Many Requests'),
  '503': answers('503 Service Unavailable', [], 'the upstream is gone'),
  '200, from another server': answers('200 OK', ['content-type: text/html'], '<html>welcome</html>'),
  'a redirection': answers('302 Found', ['location: /signin']),
  'half of a status line': says('HTTP/1.1 204 No'),
  'a status line only': says('HTTP/1.1 204 No Content\r\n'),
  'half of the headers': says('HTTP/1.1 204 No Content\r\nX-Influxdb-Version: v2'),
  'half of a body': says('HTTP/1.1 500 Oops\r\ncontent-length: 100\r\n\r\n{"code":"inter'),
  'half of an answer that is no error': says('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nwel'),
  'something that is not HTTP': says('220 mail ESMTP\r\n'),
  'a cut without an answer': (socket) => void socket.destroy(),
  'no answer at all': () => undefined,
  'an answer that is lost after InfluxDB has written': async (socket, pass) => {
    await pass();
    socket.destroy();
  },
};

export class FaultProxy {
  /** Writes that came in. */
  writes = 0;
  /** Requests of any kind that came in. */
  requests = 0;
  private cut: { readonly request: number; readonly after: boolean } | undefined;
  private fault: Fault | undefined;
  private left = 0;
  private skip = 0;
  private readonly server = createServer((from, to) => this.serve(from, to));

  private constructor(private readonly target: URL) {}

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** For the next `count` writes, or for those after the next `skip`. */
  give(fault: Fault, count: number, skip = 0): void {
    [this.fault, this.left, this.skip] = [fault, count, skip];
  }

  /** The connection of the request of that number, from 1 on, is cut before InfluxDB has it, or after. */
  cutAt(request: number, after: boolean): void {
    this.requests = 0;
    this.cut = { request, after };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(from: IncomingMessage, to: ServerResponse): void {
    this.requests++;
    if (this.cut?.request === this.requests) return this.cutOff(from, this.cut.after);
    const isWrite = from.url!.startsWith('/api/v2/write');
    if (isWrite) this.writes++;
    const passes = !isWrite || this.left === 0 || this.skip-- > 0;
    if (passes) return void this.pass(from, (answer) => handOn(answer, to));
    this.left--;
    void this.fault!(
      from.socket,
      () => new Promise((done) => this.pass(from, (answer) => answer.resume().once('end', done))),
    );
  }

  private cutOff(from: IncomingMessage, after: boolean): void {
    if (!after) return void from.socket.destroy();
    this.pass(from, (answer) => answer.resume().once('end', () => from.socket.destroy()));
  }

  private pass(from: IncomingMessage, answered: (answer: IncomingMessage) => void): void {
    const { method, url: path, headers } = from;
    const { hostname, port } = this.target;
    from.pipe(
      request({ hostname, port, method, path, headers }, answered).once('error', () => from.socket.destroy()),
    );
  }
}

function handOn(answer: IncomingMessage, to: ServerResponse): void {
  to.writeHead(answer.statusCode!, answer.headers);
  answer.pipe(to);
}
