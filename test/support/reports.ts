/** What a report is asked for with, where a test does not mind. */
import type { ReportOptions } from '../../src/reporter/report.js';

export const REPORT_OPTIONS: ReportOptions = {
  language: 'en',
  timezone: 'Asia/Shanghai',
  now: Date.now(),
};
