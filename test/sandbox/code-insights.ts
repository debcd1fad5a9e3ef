/** Checks a Code Insights report: `PUT …/commit/{sha}/reports/{id}`, REST API 2.0. */

type Fields = Readonly<Record<string, readonly string[]>>;

const required = ['title', 'details', 'report_type'];
const optional = ['reporter', 'link', 'result', 'data', 'external_id', 'logo_url', 'remote_link_enabled'];
const reportTypes = ['SECURITY', 'COVERAGE', 'TEST', 'BUG'];
const results = ['PASSED', 'FAILED', 'PENDING'];
const maxDataItems = 10;
// Limits documented for the same reports of Bitbucket Data Center; Cloud documents none.
const maxLengths: Readonly<Record<string, number>> = { title: 450, details: 2000, reporter: 450 };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const dataTypes: Readonly<Record<string, (value: unknown) => boolean>> = {
  BOOLEAN: (value) => typeof value === 'boolean',
  // Both in milliseconds.
  DATE: (value) => Number.isInteger(value),
  DURATION: (value) => Number.isInteger(value),
  LINK: (value) =>
    isRecord(value) &&
    Object.keys(value).sort().join() === 'href,text' &&
    isNonEmptyString(value['text']) &&
    isWebUrl(value['href']),
  NUMBER: (value) => typeof value === 'number' && Number.isFinite(value),
  PERCENTAGE: (value) => typeof value === 'number' && value >= 0 && value <= 100,
  TEXT: (value) => typeof value === 'string',
};

/** The problems by field; empty if the report is valid. */
export function reportProblems(report: Readonly<Record<string, unknown>>): Fields {
  const problems: Record<string, string[]> = {};
  const check = (field: string, ok: boolean, problem: string): void => {
    if (!ok) (problems[field] ??= []).push(problem);
  };
  for (const field of Object.keys(report)) {
    check(field, [...required, ...optional].includes(field), 'unknown field');
  }
  for (const field of required) check(field, isNonEmptyString(report[field]), 'required');
  for (const [field, length] of Object.entries(maxLengths)) {
    const value = report[field];
    check(field, value === undefined || (typeof value === 'string' && value.length <= length), `at most ${length}`);
  }
  const { report_type: type, result, link, logo_url: logo, data = [], remote_link_enabled: remote = true } = report;
  check(
    'report_type',
    reportTypes.some((known) => known === type),
    `one of ${reportTypes.join()}`,
  );
  check('result', result === undefined || results.some((known) => known === result), `one of ${results.join()}`);
  check('link', link === undefined || isWebUrl(link), 'not a URL');
  check('logo_url', logo === undefined || isWebUrl(logo), 'not a URL');
  check('remote_link_enabled', typeof remote === 'boolean', 'not a boolean');
  check('data', Array.isArray(data) && data.length <= maxDataItems, `an array of at most ${maxDataItems}`);
  check(
    'data',
    Array.isArray(data) && data.every(isDataItem),
    'an item is not {title, type, value}, or its value is not of its type',
  );
  return problems;
}

function isDataItem(item: unknown): boolean {
  if (!isRecord(item) || Object.keys(item).sort().join() !== 'title,type,value') return false;
  const { title, type, value } = item;
  return (
    isNonEmptyString(title) &&
    typeof type === 'string' &&
    Object.hasOwn(dataTypes, type) &&
    dataTypes[type]?.(value) === true
  );
}

function isNonEmptyString(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isWebUrl(value: unknown): boolean {
  return typeof value === 'string' && /^https?:$/.test(URL.parse(value)?.protocol ?? '');
}
