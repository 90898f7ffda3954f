export function MoreWays() {
  return <h1 tabIndex={-1}>MoreWays</h1>;
}
