import { RecordPage } from '../app/record.tsx';

export function Documents() {
  return (
    <RecordPage title="Documents" heading="Documents">
      {() => null}
    </RecordPage>
  );
}
