import { RecordPage } from '../app/record.tsx';

export function Health() {
  return (
    <RecordPage title="Health" heading="Health">
      {() => null}
    </RecordPage>
  );
}
