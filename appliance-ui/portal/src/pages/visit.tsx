export function Visit() {
  return <h1 tabIndex={-1}>Visit</h1>;
}
