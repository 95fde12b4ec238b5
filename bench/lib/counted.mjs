/** A writer that calls `done` when so many rows of cgroups are in. */
export function counted(writer, rows, done) {
  let left = rows;
  return {
    write: async (batches) => {
      await writer.write(batches);
      left -= batches.reduce((sum, { cgroups }) => sum + (cgroups?.ids.length ?? 0), 0);
      if (left <= 0) done();
    },
  };
}
