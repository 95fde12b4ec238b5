/** mulberry32: a small generator, whose order can be had again. @returns a function: 0 <= … < 1 */
export function mulberry32(seed: number): () => number;
