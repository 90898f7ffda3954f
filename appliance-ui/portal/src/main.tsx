import './app/trusted.ts';
import './kit/fonts.css';
import './kit/mantine.css';
import './kit/kit.css';
import './portal.css';
import { RouterProvider } from '@tanstack/react-router';
import { createRoot } from 'react-dom/client';
import { Providers } from './app/root.tsx';
import { router } from './app/router.tsx';
import { registerWorker } from './app/update.ts';

/** The door goes before what is for later visits: the copies of all files for reading without a connection. */
const QUIET_MS = 2_000;

const root = document.getElementById('root');
// What the page itself holds stands until the first page of the router is there: nothing blank comes between.
void router.load().finally(() => {
  if (root)
    createRoot(root).render(
      <Providers>
        <RouterProvider router={router} />
      </Providers>,
    );
  setTimeout(() => void registerWorker(), QUIET_MS);
});
