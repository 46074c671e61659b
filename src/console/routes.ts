/** The routes of every page and every action of the console; the files of the pages name the role that each needs. */
import { askRoutes } from './pages/ask.js';
import { auditRoutes } from './pages/audit.js';
import { batchRoutes } from './pages/batch.js';
import { batchFilesRoutes } from './pages/batch-files.js';
import { batchesRoutes } from './pages/batches.js';
import { correctRoutes } from './pages/correct.js';
import { lineRoutes } from './pages/line.js';
import { merchantRoutes } from './pages/merchant.js';
import { merchantsRoutes } from './pages/merchants.js';
import { newSheetRoutes } from './pages/new-sheet.js';
import { nightsRoutes } from './pages/nights.js';
import { pushesRoutes } from './pages/pushes.js';
import { queuesRoutes } from './pages/queues.js';
import { settingsRoutes } from './pages/settings.js';
import { sheetRoutes } from './pages/sheet.js';
import { todayRoutes } from './pages/today.js';
import { todoRoutes } from './pages/todo.js';
import { usersRoutes } from './pages/users.js';
import type { Route } from './visit.js';

export const ROUTES: readonly Route[] = [
  ...todayRoutes,
  ...newSheetRoutes,
  ...sheetRoutes,
  ...batchesRoutes,
  ...batchRoutes,
  ...batchFilesRoutes,
  ...todoRoutes,
  ...merchantsRoutes,
  ...merchantRoutes,
  ...correctRoutes,
  ...askRoutes,
  ...nightsRoutes,
  ...pushesRoutes,
  ...lineRoutes,
  ...settingsRoutes,
  ...usersRoutes,
  ...auditRoutes,
  ...queuesRoutes,
];
