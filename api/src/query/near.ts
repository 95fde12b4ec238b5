/** Levenshtein's distance: how many letters apart two names are. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

const LONGEST = 64;

/** The names that the given one may have been meant to be, likeliest first. */
export function near(given: string, names: readonly string[], most = 3): string[] {
  const name = given.slice(0, LONGEST).toLowerCase();
  const far = Math.max(2, Math.floor(name.length / 3));
  return names
    .map((candidate) => ({
      candidate,
      apart: name.length > 2 && candidate.includes(name) ? 1 : distance(name, candidate),
    }))
    .filter(({ apart }) => apart <= far)
    .sort((a, b) => a.apart - b.apart)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}
