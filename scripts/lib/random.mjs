/** mulberry32: a small generator, whose order can be had again. @returns a function: 0 <= … < 1 */
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns a function: a whole number from 0 to below `below` */
export function dice(seed) {
  const random = mulberry32(seed);
  return (below) => Math.floor(random() * below);
}
