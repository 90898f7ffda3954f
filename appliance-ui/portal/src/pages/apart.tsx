export function KeptApart() {
  return <h1 tabIndex={-1}>KeptApart</h1>;
}
