import { RecordPage } from '../app/record.tsx';

export function VaccinePaper() {
  return (
    <RecordPage title="VaccinePaper" heading="VaccinePaper">
      {() => null}
    </RecordPage>
  );
}
