export function Readers() {
  return <h1 tabIndex={-1}>Readers</h1>;
}
