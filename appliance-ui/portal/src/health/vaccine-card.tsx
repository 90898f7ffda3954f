import { RecordPage } from '../app/record.tsx';

export function VaccineCard() {
  return (
    <RecordPage title="VaccineCard" heading="VaccineCard">
      {() => null}
    </RecordPage>
  );
}
