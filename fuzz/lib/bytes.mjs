/** Mutations that know nothing of fields. */
import { concat } from './wire.mjs';

const place = (random, bytes) => random.below(bytes.length + 1);

function slice(random, bytes) {
  const from = place(random, bytes);
  return [from, Math.min(bytes.length, from + random.size(1, 64))];
}

const mutations = {
  flip: (random, bytes) => {
    const out = Uint8Array.from(bytes);
    for (let n = random.size(1, 8); n > 0 && out.length > 0; n--)
      out[random.below(out.length)] ^= 1 << random.below(8);
    return out;
  },
  set: (random, bytes) => {
    const out = Uint8Array.from(bytes);
    if (out.length > 0) out[random.below(out.length)] = random.pick([0, 0x7f, 0x80, 0xff]);
    return out;
  },
  insert: (random, bytes) => {
    const at = place(random, bytes);
    return concat([bytes.subarray(0, at), random.bytes(random.size(1, 16)), bytes.subarray(at)]);
  },
  remove: (random, bytes) => {
    const [from, to] = slice(random, bytes);
    return concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  repeat: (random, bytes) => {
    const [from, to] = slice(random, bytes);
    return concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  truncate: (random, bytes) => bytes.slice(0, place(random, bytes)),
  append: (random, bytes) => concat([bytes, random.bytes(random.size(1, 64))]),
  continueForEver: (random, bytes) => {
    const at = place(random, bytes);
    return concat([bytes.subarray(0, at), new Uint8Array(random.size(1, 1000)).fill(0xff)]);
  },
};

export function mutateBytes(random, bytes) {
  const [name, mutation] = random.pick(Object.entries(mutations));
  return [name, mutation(random, bytes)];
}
