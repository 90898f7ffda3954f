export function FirstTime() {
  return <h1 tabIndex={-1}>FirstTime</h1>;
}
