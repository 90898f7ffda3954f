export function SignIn() {
  return <h1 tabIndex={-1}>SignIn</h1>;
}
