import { RecordPage } from '../app/record.tsx';

export function Medicines() {
  return (
    <RecordPage title="Medicines" heading="Medicines">
      {() => null}
    </RecordPage>
  );
}
