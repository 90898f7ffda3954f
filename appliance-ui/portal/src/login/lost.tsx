export function Lost() {
  return <h1 tabIndex={-1}>Lost</h1>;
}
