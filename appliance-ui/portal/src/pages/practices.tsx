export function Practices() {
  return <h1 tabIndex={-1}>Practices</h1>;
}
