import { RecordPage } from '../app/record.tsx';

export function Growth() {
  return (
    <RecordPage title="Growth" heading="Growth">
      {() => null}
    </RecordPage>
  );
}
