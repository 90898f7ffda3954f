/**
 * Every address of the portal. Tests walk this list (each page in each of its states, photographed and checked for
 * access); `router.test.tsx` holds it equal to the router's own.
 */
export const paths = [
  '/in',
  '/in/first',
  '/in/more',
  '/in/lost',
  '/in/keep',
  '/',
  '/r/$n',
  '/r/$n/health',
  '/r/$n/health/growth',
  '/r/$n/health/vaccines',
  '/r/$n/health/vaccines/card',
  '/r/$n/health/vaccines/paper',
  '/r/$n/health/results',
  '/r/$n/health/medicines',
  '/r/$n/health/allergies',
  '/r/$n/health/problems',
  '/r/$n/health/vitals',
  '/r/$n/health/documents',
  '/r/$n/visits',
  '/r/$n/visits/$m',
  '/r/$n/visits/$m/genuine',
  '/r/$n/readers',
  '/r/$n/apart',
  '/messages',
  '/messages/$m',
  '/visits',
  '/practices',
  '/keys',
  '/keys/undo',
  '/settings',
  '/about',
  '/more',
] as const;
export type Path = (typeof paths)[number];
