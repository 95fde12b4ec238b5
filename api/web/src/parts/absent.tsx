/** A figure that nobody has: said so, with the reason, and never shown as 0. */
export function Absent({ why }: { readonly why: string }) {
  return (
    <span class="absent" title={why} aria-label={`not known: ${why}`} role="img">
      —
    </span>
  );
}
