import './kit/mantine.css';
import './kit/kit.css';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { resolver, theme } from './kit/tokens.ts';

const root = document.getElementById('root');
if (root) {
  document.documentElement.dataset.face = 'portal';
  createRoot(root).render(
    <MantineProvider theme={theme} cssVariablesResolver={resolver}>
      <main>Relaybox</main>
    </MantineProvider>,
  );
}
