/**
 * `loader.mjs FILE URL ORG TOKEN`: for each line of JSON {bucket, lines, atOnce, order} on standard input posts the file's
 * ready-made lines, so many a request and so many requests at once. Requests are made and compressed (as the writer's
 * are) before its time begins. Says how long InfluxDB took to acknowledge all.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { deserialize } from 'node:v8';
import { constants, gzipSync } from 'node:zlib';
import { answerLines } from '../lib/asked.mjs';
import { cpuMsSince } from '../lib/processor-time.mjs';

const [file, url, org, token] = process.argv.slice(2);
const made = deserialize(readFileSync(file));
const agent = new Agent({ keepAlive: true });

const seriesOf = (line) => line.slice(0, line.indexOf(' '));
const bySeries = (lines) =>
  lines
    .map((line) => [seriesOf(line), line])
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([, line]) => line);
/** As they came about, window by window; or the windows of a series one after the other. */
const orders = { time: (lines) => lines, series: bySeries };

function* bodies(lines, each) {
  for (let from = 0; from < lines.length; from += each)
    yield gzipSync(lines.slice(from, from + each).join('\n'), { level: constants.Z_BEST_SPEED });
}

/** Those of the last call: rounds ask for the same again. */
let prepared = {};

function prepare({ lines, order }) {
  const key = `${lines} ${order}`;
  if (prepared.key !== key) {
    const requests = [
      ...[...bodies(made.ns, lines)].map((body) => ['ns', body]),
      ...[...bodies(orders[order](made.ms), lines)].map((body) => ['ms', body]),
    ];
    prepared = { key, requests };
  }
  return prepared.requests;
}

/** @returns false where it has to come again */
async function post(bucket, precision, body) {
  const path = `/api/v2/write?${new URLSearchParams({ org, bucket, precision })}`;
  const headers = {
    authorization: `Token ${token}`,
    'content-encoding': 'gzip',
    'content-length': body.length,
  };
  const request = httpRequest(url + path, { method: 'POST', agent, headers });
  request.end(body);
  const [response] = await once(request, 'response');
  const said = await text(response);
  if (response.statusCode < 300) return true;
  // One that is given more than it can take in its own time says so, having written a part of it.
  if (response.statusCode >= 500) return false;
  throw new Error(`InfluxDB says ${response.statusCode} ${said}`);
}

async function load(config) {
  const waiting = [...prepare(config)];
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const sender = async () => {
    for (let next; (next = waiting.shift());) while (!(await post(config.bucket, ...next)));
  };
  await Promise.all(Array.from({ length: config.atOnce }, sender));
  const ms = performance.now() - startedMs;
  return { ms, cpuMs: cpuMsSince(cpu) };
}

await answerLines((line) => load(JSON.parse(line)));
agent.destroy();
