export function More() {
  return <h1 tabIndex={-1}>More</h1>;
}
