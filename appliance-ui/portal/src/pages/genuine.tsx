export function IsGenuine() {
  return <h1 tabIndex={-1}>IsGenuine</h1>;
}
