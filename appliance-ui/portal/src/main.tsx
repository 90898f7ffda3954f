import './app/trusted.ts';
import './kit/fonts.css';
import './kit/mantine.css';
import './kit/kit.css';
import './portal.css';
import { RouterProvider } from '@tanstack/react-router';
import { createRoot } from 'react-dom/client';
import { router } from './app/router.tsx';

const root = document.getElementById('root');
if (root) createRoot(root).render(<RouterProvider router={router} />);
