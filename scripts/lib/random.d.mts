/** mulberry32: a small generator, whose order can be had again. @returns a function: 0 <= … < 1 */
export function mulberry32(seed: number): () => number;

/** @returns a function: a whole number from 0 to below `below` */
export function dice(seed: number): (below: number) => number;
