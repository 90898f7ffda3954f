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

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <Providers>
      <RouterProvider router={router} />
    </Providers>,
  );
void registerWorker();
