export function Visits() {
  return <h1 tabIndex={-1}>Visits</h1>;
}
