import { RecordPage } from '../app/record.tsx';

export function Problems() {
  return (
    <RecordPage title="Problems" heading="Problems">
      {() => null}
    </RecordPage>
  );
}
