/**
 * Decodes a record in rounds: `decode.mjs FILE ROUNDS SEED`; a line of JSON a round. In a process of its own, since V8
 * would place what is decoded where the recorder's long-lived batches were, which no ingester does.
 */
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { NodeBatchSchema, decodeBatch } from '@dentryscope/contracts';
import { cpuMsSince } from '../lib/processor-time.mjs';
import { shuffler } from '../lib/stats.mjs';

const [file, rounds, seed] = process.argv.slice(2);
const recorded = deserialize(readFileSync(file));
const rows = recorded.reduce((sum, { json }) => sum + json.length, 0);

/** As a broker compresses: what is sent together, so the rows of a node and window, one a line. */
const lines = (json) => Buffer.from(json.join('\n'));
const zipped = recorded.map(({ json, columns, whole }) => ({
  json: gzipSync(lines(json)),
  columns: gzipSync(columns),
  whole: gzipSync(whole),
}));

/** What was decoded last: the work must not be optimised away, and nothing must be kept. */
const last = { decoded: undefined };
const each = (items, decode) => () => {
  for (const item of items) last.decoded = decode(item);
};
const jsonLines = (bytes) => {
  for (const line of bytes.toString().split('\n')) last.decoded = JSON.parse(line);
};
const parseRow = (bytes) => JSON.parse(bytes.toString());

/** Cheap ways come several times a round: processor time is counted in microseconds, and in ticks where it is not. */
const ways = {
  json: { times: 1, pass: each(recorded.map(({ json }) => json).flat(), parseRow) },
  columns: {
    times: 10,
    pass: each(
      recorded.map(({ columns }) => columns),
      decodeBatch,
    ),
  },
  whole: {
    times: 5,
    pass: each(
      recorded.map(({ whole }) => whole),
      decodeBatch,
    ),
  },
  protobufEs: {
    times: 1,
    pass: each(
      recorded.map(({ columns }) => columns),
      (b) => fromBinary(NodeBatchSchema, b),
    ),
  },
  jsonGzip: {
    times: 1,
    pass: each(
      zipped.map(({ json }) => json),
      (b) => jsonLines(gunzipSync(b)),
    ),
  },
  columnsGzip: {
    times: 10,
    pass: each(
      zipped.map(({ columns }) => columns),
      (b) => decodeBatch(gunzipSync(b)),
    ),
  },
  wholeGzip: {
    times: 5,
    pass: each(
      zipped.map(({ whole }) => whole),
      (b) => decodeBatch(gunzipSync(b)),
    ),
  },
};

/**
 * Processor time of the whole process, its collector and compiler included. No collection is forced in between: V8 then
 * shrinks the young generation, and whatever comes next pays for its growing again, which no busy process does.
 */
function nsPerRow({ times, pass }) {
  const before = process.cpuUsage();
  for (let n = 0; n < times; n++) pass();
  return (cpuMsSince(before) * 1e6) / times / rows;
}

const sum = (items) => items.reduce((total, { length }) => total + length, 0);
const bytes = {
  json: sum(recorded.flatMap(({ json }) => json)),
  ...Object.fromEntries(['columns', 'whole'].map((way) => [way, sum(recorded.map((one) => one[way]))])),
  ...Object.fromEntries(
    ['json', 'columns', 'whole'].map((way) => [`${way}Gzip`, sum(zipped.map((one) => one[way]))]),
  ),
};
process.stdout.write(`${JSON.stringify({ rows, windows: recorded.length, bytes })}\n`);

const shuffle = shuffler(Number(seed));
const WARM_UP = 3;
for (let round = 0; round < WARM_UP + Number(rounds); round++) {
  const figures = Object.fromEntries(shuffle(Object.keys(ways)).map((way) => [way, nsPerRow(ways[way])]));
  if (round >= WARM_UP) process.stdout.write(`${JSON.stringify(figures)}\n`);
}
