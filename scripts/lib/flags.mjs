/** Values of flags. All throw an Error that names the flag. */

export function number(name, text, least) {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && value >= least) return value;
  throw new Error(`--${name} wants a number from ${least}, not ${JSON.stringify(text)}`);
}

export function whole(name, text, least) {
  const value = number(name, text, least);
  if (Number.isSafeInteger(value)) return value;
  throw new Error(`--${name} wants a whole number, not ${text}`);
}

/** Of a list with commas, in the order of `known`. @param name of the flag */
export function parts(text, known, name = 'only') {
  const names = text.split(',');
  const wrong = names.find((one) => !known.includes(one));
  if (wrong !== undefined)
    throw new Error(`--${name} knows ${known.join(', ')}, not ${JSON.stringify(wrong)}`);
  return known.filter((one) => names.includes(one));
}

/** For parseArgs. */
export const string = (fallback) => ({
  type: 'string',
  ...(fallback === undefined ? {} : { default: fallback }),
});
