import { RecordPage } from '../app/record.tsx';

export function Vaccines() {
  return (
    <RecordPage title="Vaccines" heading="Vaccines">
      {() => null}
    </RecordPage>
  );
}
