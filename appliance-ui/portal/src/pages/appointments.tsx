export function Appointments() {
  return <h1 tabIndex={-1}>Appointments</h1>;
}
