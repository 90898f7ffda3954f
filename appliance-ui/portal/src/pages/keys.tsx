export function Keys() {
  return <h1 tabIndex={-1}>Keys</h1>;
}
