/** 64-bit values as two 32-bit words each: to make a bigint of a value costs more than most of what is done with it. */

/** Which of the two words of a value is its low one, and which its high one, on this machine. */
export const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;
export const HIGH = 1 - LOW;

/** The words of the values, over the same memory: those of the nth at 2n + LOW and 2n + HIGH. */
export const halvesOf = (values: BigUint64Array): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
