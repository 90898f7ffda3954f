import { RecordPage } from '../app/record.tsx';

export function Results() {
  return (
    <RecordPage title="Results" heading="Results">
      {() => null}
    </RecordPage>
  );
}
