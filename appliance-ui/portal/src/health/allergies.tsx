import { RecordPage } from '../app/record.tsx';

export function Allergies() {
  return (
    <RecordPage title="Allergies" heading="Allergies">
      {() => null}
    </RecordPage>
  );
}
