import { RecordPage } from '../app/record.tsx';

export function Vitals() {
  return (
    <RecordPage title="Vitals" heading="Vitals">
      {() => null}
    </RecordPage>
  );
}
