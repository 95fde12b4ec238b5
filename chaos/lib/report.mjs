const count = (number) => number.toLocaleString('en-US');

export const failed = ({ simulated, real, deadLetters = 0 }) =>
  [simulated, real].some((one) => one && one.lost + one.twice + one.wrong + one.unnamed > 0) ||
  deadLetters > 0;

const faultsOf = (faults, act) => {
  const of = Object.entries(faults).filter(([, counts]) => counts[act] > 0);
  const all = of.reduce((sum, [, counts]) => sum + counts[act], 0);
  return `${count(all)} ${act} (${of.map(([kind, counts]) => `${kind} ${counts[act]}`).join(', ')})`;
};

const judgement = (who, { windows, right, lost, twice, wrong, unnamed }) =>
  `  ${who}: ${count(windows)} windows, ${count(right)} values right; windows lost ${count(lost)}, twice ${count(twice)}, ` +
  `wrong ${count(wrong)}${unnamed ? `; cgroups without their path ${unnamed}` : ''}\n`;

const example = ({ node, window, what, metric, cgroup, expected, seen }) =>
  `    ${what}: ${node} window ${window} ${metric}${cgroup ? ` of cgroup ${cgroup}` : ''}: ${seen}, not ${expected}\n`;

/** Some lines for people. */
export function tell(name, result) {
  const { seed, faults, stormSeconds, gaveUp, simulated, real, deadLetters } = result;
  const ends = Object.entries(gaveUp).map(([who, times]) => `${who} ${times}`);
  return [
    `${name}, seed ${seed}: ${faultsOf(faults, 'killed')}, ${faultsOf(faults, 'held')} in ${stormSeconds.toFixed(0)} s\n`,
    ends.length ? `  ended by themselves, and were started again: ${ends.join(', ')}\n` : '',
    judgement('simulated agents', simulated),
    real ? judgement('the real agent', real) : '',
    deadLetters === undefined ? '' : `  dead letters: ${deadLetters}\n`,
    ...[...simulated.examples, ...(real?.examples ?? [])].map(example),
    failed(result) ? 'FAILED\n' : 'PASS\n',
  ].join('');
}
